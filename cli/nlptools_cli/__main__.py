from nlptools_cli.main import main

main()
