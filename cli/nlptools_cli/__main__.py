from nlptools_cli.main import main

main("python -m nlptools_cli")
