"""Characters that mostly do the work of grammar: words seldom begin or end with them.

After the list in the project's NEWWORDS notes, sorted by what they do; both scripts.
"""

_BY_KIND = {
    "structural and aspect particles": "的地得了着过過之其所以",
    "sentence particles": "吗呢吧啊",
    "pronouns and demonstratives": "我你他她它们們这這那此每各某",
    "prepositions and verbs that act as such": "在对對从從向于於由给給跟同至到把被让讓使为為因",
    "conjunctions": "和与與及且并並或但如若而則则將将",
    "adverbs": "也都就不又还還很更最只再才已曾",
    "auxiliary and copula": "是会會能可要",
    "numerals": "一二三四五六七八九十百千万萬亿億几幾两兩多",
    "measure words": "个個位名种種条條项項件次隻",
    "time": "年月日时時",
    "place": "上下里裡裏内內外中前后後等",
}
FUNCTION_CHARACTERS = frozenset("".join(_BY_KIND.values()))
