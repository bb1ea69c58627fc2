"use strict";

// ---------------------------------------------------------------- what is said, in two languages

const TEXTS = {
  en: {
    otherLanguage: "中文", theme: "Light or dark", help: "Help", list: "Words", filters: "Filters", search: "Search",
    searchHint: "Search words  ( / )", mode: "How to search", contains: "contains", begins: "begins with",
    ends: "ends with", equals: "is", regex: "regular expression", length: "Length", lengthLeast: "Least length",
    lengthMost: "Greatest length", count: "Count", countLeast: "Least count", countMost: "Greatest count",
    least: "min", most: "max", known: "Known", all: "all", isNew: "new", isKnown: "known", script: "Script",
    scriptHan: "Han", scriptLatin: "letters, digits", scriptMixed: "Han and letters", scriptOther: "other",
    trend: "Trend", ticks: "Ticks", tickedOnly: "ticked", untickedOnly: "not ticked", reset: "Reset",
    plot: "Plot", vertical: "Count against", clearRegion: "✕ region",
    plotLabel: "Scatter plot of the words: count, on a logarithmic scale, against the figure chosen. The table holds the same figures.",
    grid: "Ranked words. Arrow keys move, Enter opens the evidence, Space ticks.", tickShown: "Tick shown",
    untick: "Untick", exportCsv: "CSV", exportDict: "jieba dict", evidence: "Evidence",
    rank: "Rank", word: "Word", documents: "Docs", pmi: "PMI", left_entropy: "Left H", right_entropy: "Right H",
    score: "Score", price: "Price λ", standalone: "Alone", occurrences: "Occurs", background: "Background",
    g2: "G²", log_odds: "Log-odds", keyness: "Keyness", q_value: "q value", series: "Course", first: "First",
    last: "Last", peak: "Peak", peak_count: "At peak", change: "Change", ratio: "Ratio", born: "Born",
    rising: "Rising", burst: "Burst", dying: "Dying", burst_start: "Burst from", burst_end: "Burst to", part_of: "Part of",
    bursting: "bursting", steady: "steady", tick: "Tick", why: "Why it ranks here", whyScore: "Why this score", beside: "Neighbours",
    lines: "In the text", parts: "Inside", related: "In the list", sum: "Sum, log-odds", chance: "Probability",
    before: "before it", after: "behind it", textEnd: "(end)", wrap: "Whole lines", close: "Close",
    previous: "Previous word", next: "Next word", tickThis: "Tick", ticked: "Ticked",
    noEvidence: n => `Evidence is kept for the best ${n} words. For more: nlptools report --evidence N.`,
    noLines: "The text as it is does not have this string: letters were folded, or the text has changed.",
    sampled: (n, all) => `${n} of ${all} occurrences in the text, spread evenly.`,
    countNote: (a, b) => `${a} occurrences in the text as it is, ${b} in the table, where equal documents count once.`,
    partsNote: "How often the two sides of each cut occur, and how much of that is this word: a side that is mostly this word is bound to it.",
    neighbourNote: "～ is the word. Each n-gram with how often the text has it; many different neighbours are a mark of words.",
    longer: "Longer words with it", shorter: "Words in it", course: "Course", courseNote: "Height: its share of the text of each period. The numbers are counts.", choose: "Choose a word to see its evidence.",
    shown: (n, all) => `${n} of ${all} words`, summary: a => [a.documents !== null && `${a.n(a.documents)} documents`, `${a.n(a.words)} words${a.found > a.words ? ` of ${a.n(a.found)}` : ""}`, a.evidence < a.words && `evidence for the best ${a.n(a.evidence)}`].filter(Boolean).join(" · "),
    chosenTicks: n => `${n} ticked to export`, chosenShown: n => `nothing ticked: all ${n} shown are exported`,
    badRegex: "not a regular expression", nothing: "No word passes the filters.",
    missing: w => `“${w}” is not in the list.`, missingUnknown: (w, n, m) => `“${w}” is not in the list, nor among the ${n} most frequent n-grams that were left out, each seen ${m} times or more.`,
    missingWhy: (w, count, why) => `“${w}” is not in the list: seen ${count} times, but ${why}.`,
    limits: {
      bound: () => "always beside the same neighbour, so a piece of something longer",
      pmi: (v, l) => `its parts do not hold together: PMI ${v}, it must exceed ${l}`,
      price: (v, l) => `it does not pay for itself: price λ ${v}, it must exceed ${l}`,
      score: (v, l) => `its score is ${v}, at least ${l} is needed`,
      entropy: (v, l) => `its neighbours are too few: entropy ${v}, ${l} is needed`,
      cohesion: () => "a part of it is not cohesive",
      pieces: (v, l) => `it stands between weak gaps only ${v} times, ${l} are needed`,
      stopword: () => "it is one of the stopwords",
      known: () => "the dictionary has it, and only new words are listed",
      phrase: () => "it begins or ends with a function character, and only new words are listed",
      top: () => "it ranks behind the best that were asked for",
    },
    terms: {
      constant: "Any n-gram", length: "Its length", price: "Price λ", left_freedom: "Free on the left",
      right_freedom: "Free on the right", loose_end: "An end that often stands alone", known_rest: "Rest is a word, too",
      first_is_function: "Begins with a function character", last_is_function: "Ends with a function character",
      company: "A frequent companion", pmi: "Cohesion (PMI)", openness: "Gaps inside are open",
    },
    whyCount: "With this method the score is the count.", termsNote: "What each feature adds to the log-odds that this is a word, in nats.",
    keys: [["/", "search"], ["↑ ↓ PgUp PgDn Home End", "move in the table"], ["Enter", "open the evidence; Esc leads back"], ["Space", "tick"], ["?", "this help"]],
    keysTitle: "Keyboard", columnsTitle: "Columns",
    explain: {
      count: "Occurrences; equal documents count once.", documents: "Documents that have it.",
      pmi: "Cohesion: pointwise mutual information over the weakest cut, in nats.",
      left_entropy: "Entropy of the character before it, in nats: high if many different ones occur.",
      right_entropy: "The same of the character behind it.", score: "Probability that it is a word (method mdl), else the count.",
      known: "Whether a dictionary that was given has it.", price: "What the word saves over what spelling it costs.",
      standalone: "Share of its occurrences in which it stands as a word.",
      background: "Occurrences in the background.",
      g2: "Log-likelihood ratio against the background; negative if less than expected.",
      log_odds: "Difference of log-odds to the background, in standard deviations.",
      keyness: "Rate per million over that in the background, the same number added to both.",
      q_value: "False discovery rate: of G², or of the trend.",
      series: "Its share of the text of each period; its counts if the table does not say how long periods are.",
      trend: "Born, rising, bursting, dying or steady.", first: "First period with it.", last: "Last period with it.",
      peak: "The period in which it is most above its mean rate.", peak_count: "Its count in that period.",
      change: "The first period of the new rate, or of the burst.", ratio: "Rate after the change over the rate before.",
      born: "Rank score among the words that are born.", rising: "Rank score among those that rise.",
      burst: "Rank score among those with a burst.", dying: "Rank score among those that die.",
      burst_start: "First period of the strongest burst.", burst_end: "Last period of the strongest burst.",
      part_of: "The longer word in which it nearly always lies.",
    },
    plotNote: "In the plot: a click on a point opens its word; drag a rectangle to show only the words in it.",
  },
  zh: {
    otherLanguage: "English", theme: "明暗", help: "帮助", list: "词表", filters: "筛选", search: "搜索",
    searchHint: "搜索词语  ( / )", mode: "搜索方式", contains: "包含", begins: "开头是", ends: "结尾是", equals: "等于",
    regex: "正则表达式", length: "长度", lengthLeast: "最小长度", lengthMost: "最大长度", count: "频次",
    countLeast: "最低频次", countMost: "最高频次", least: "最小", most: "最大", known: "词典", all: "全部", isNew: "新词",
    isKnown: "已收", script: "文字", scriptHan: "汉字", scriptLatin: "字母数字", scriptMixed: "汉字夹字母",
    scriptOther: "其他", trend: "趋势", ticks: "勾选", tickedOnly: "已勾选", untickedOnly: "未勾选", reset: "重置",
    plot: "散点图", vertical: "频次与", clearRegion: "✕ 框选",
    plotLabel: "词语散点图：横轴为频次（对数），纵轴为所选指标。表格中有同样的数据。",
    grid: "按名次排列的词语。方向键移动，回车查看证据，空格勾选。", tickShown: "勾选所列", untick: "全部取消",
    exportCsv: "CSV", exportDict: "jieba 词典", evidence: "证据", rank: "名次", word: "词", documents: "文档数",
    pmi: "凝固度", left_entropy: "左邻熵", right_entropy: "右邻熵", score: "得分", price: "价值 λ", standalone: "独立率",
    occurrences: "出现次数", background: "背景频次", g2: "G²", log_odds: "对数优势", keyness: "关键度", q_value: "q 值",
    series: "走势", first: "首现", last: "末现", peak: "高峰", peak_count: "峰值", change: "转折", ratio: "倍数",
    born: "新生", rising: "上升", burst: "突发", dying: "消退", burst_start: "突发始", burst_end: "突发止", part_of: "属于",
    bursting: "突发", steady: "平稳", tick: "勾选", why: "为何排在此处", whyScore: "得分从何而来", beside: "左右邻字", lines: "上下文",
    parts: "内部结构", related: "相关词语", sum: "合计（对数优势）", chance: "成词概率", before: "左邻", after: "右邻",
    textEnd: "（边界）", wrap: "显示全行", close: "关闭", previous: "上一词", next: "下一词", tickThis: "勾选", ticked: "已勾选",
    noEvidence: n => `本页保存了前 ${n} 个词的证据。如需更多：nlptools report --evidence N。`,
    noLines: "原文中没有这个字符串：字母经过归一，或原文已改动。",
    sampled: (n, all) => `原文共 ${all} 处，均匀抽取 ${n} 处。`,
    countNote: (a, b) => `原文共 ${a} 处；表中为 ${b}，相同的文档只计一次。`,
    partsNote: "每个切分点两侧的频次，以及其中属于本词的比例：比例越高，该侧越依附于本词。",
    neighbourNote: "～代表本词；数字为该 n 元组在原文中的频次。邻字越多样，越像独立的词。",
    longer: "包含它的词", shorter: "它包含的词", course: "走势", courseNote: "高度为该词在当期文本中的频率，数字为次数。", choose: "选择一个词查看证据。",
    shown: (n, all) => `${all} 个词中的 ${n} 个`, summary: a => [a.documents !== null && `${a.n(a.documents)} 篇文档`, `${a.n(a.words)} 个词${a.found > a.words ? `（共 ${a.n(a.found)} 个）` : ""}`, a.evidence < a.words && `前 ${a.n(a.evidence)} 个词有证据`].filter(Boolean).join(" · "),
    chosenTicks: n => `导出已勾选的 ${n} 个`, chosenShown: n => `未勾选：导出所列全部 ${n} 个`,
    badRegex: "正则表达式有误", nothing: "没有符合条件的词。",
    missing: w => `“${w}”不在词表中。`, missingUnknown: (w, n, m) => `“${w}”不在词表中，也不在落选的前 ${n} 个 n 元组（频次不低于 ${m}）之中。`,
    missingWhy: (w, count, why) => `“${w}”不在词表中：出现 ${count} 次，但${why}。`,
    limits: {
      bound: () => "总与同一个邻字相连，是更长词语的一部分",
      pmi: (v, l) => `内部凝固度不足：${v}，须高于 ${l}`,
      price: (v, l) => `收入词表并不划算：价值 λ 为 ${v}，须高于 ${l}`,
      score: (v, l) => `得分 ${v}，至少须为 ${l}`,
      entropy: (v, l) => `邻字过于单一：熵为 ${v}，须达到 ${l}`,
      cohesion: () => "其中一部分凝固度不足",
      pieces: (v, l) => `独立成片仅 ${v} 次，须达到 ${l} 次`,
      stopword: () => "属于停用词",
      known: () => "词典已收，而这里只列新词",
      phrase: () => "以虚字开头或结尾，而这里只列新词",
      top: () => "名次在所要求的数目之外",
    },
    terms: {
      constant: "任意 n 元组", length: "长度", price: "价值 λ", left_freedom: "左侧自由度", right_freedom: "右侧自由度",
      loose_end: "首字或尾字常单独成词", known_rest: "去首字后仍是词", first_is_function: "以虚字开头",
      last_is_function: "以虚字结尾", company: "有固定邻字", pmi: "凝固度", openness: "内部有松散处",
    },
    whyCount: "此方法的得分就是频次。", termsNote: "各项特征对“是词”的对数优势的贡献（奈特）。",
    keys: [["/", "搜索"], ["↑ ↓ PgUp PgDn Home End", "在表中移动"], ["Enter", "查看证据；Esc 返回"], ["Space", "勾选"], ["?", "帮助"]],
    keysTitle: "键盘", columnsTitle: "各列含义",
    explain: {
      count: "出现次数；相同的文档只计一次。", documents: "含有该词的文档数。",
      pmi: "凝固度：最弱切分处的点互信息（奈特）。", left_entropy: "左邻字的熵（奈特）：邻字越多样越高。",
      right_entropy: "右邻字的熵。", score: "成词概率（mdl 方法），其他方法为频次。", known: "所给词典是否收录。",
      price: "收入词表所节省的与拼写所花费的之比。", standalone: "单独成词的次数占比。",
      background: "背景语料中的频次。", g2: "相对背景语料的对数似然比；少于预期为负。",
      log_odds: "与背景语料的对数优势之差（以标准差为单位）。", keyness: "每百万字频率与背景频率之比，两者各加同一常数。",
      q_value: "错误发现率：针对 G² 或趋势。", series: "各期文本中的频率；若表中没有各期字数，则为次数。",
      trend: "新生、上升、突发、消退或平稳。", first: "首次出现的时期。", last: "最后出现的时期。",
      peak: "高出平均频率最多的时期。", peak_count: "高峰期的次数。", change: "新频率或突发的第一个时期。",
      ratio: "转折后与转折前的频率之比。", born: "在新生词中的排序分。", rising: "在上升词中的排序分。",
      burst: "在突发词中的排序分。", dying: "在消退词中的排序分。", burst_start: "最强一次突发的首期。",
      burst_end: "最强一次突发的末期。", part_of: "几乎总是出现在其中的更长的词。",
    },
    plotNote: "散点图：点击一个点查看该词；拖出一个矩形则只列其中的词。",
  },
};

// ---------------------------------------------------------------- small tools

const byId = id => document.getElementById(id);
const narrow = matchMedia("(max-width: 640px)");
const oneColumn = matchMedia("(max-width: 1000px)");

/** Make an element; what begins with "on" is a listener, everything else an attribute; null and false are left out. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null && child !== false));
  return element;
}

function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Unpack what page.py packed: base64, gzip, JSON. */
async function unpack(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

/** Control characters and line ends as signs: a string on one line, in which nothing hides. */
const visible = text => text.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, c =>
  c === "\n" || c > "\u2000" ? "⏎" : c === "\r" ? "" : c === "\t" ? " " : String.fromCharCode(0x2400 + (c.charCodeAt(0) & 0x3f) % 0x21));

/** What the browser keeps for this page; a browser that keeps nothing is no reason to fail. */
const kept = {
  get(name) { try { return localStorage.getItem(`nlptools-report-${name}`); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(`nlptools-report-${name}`, value); } catch { /* private window */ } },
};

// ---------------------------------------------------------------- state

const about = JSON.parse(byId("about").textContent);
let language = kept.get("language") ?? (/^zh/i.test(navigator.language) ? "zh" : "en");
let T = TEXTS[language];
let table, size, words, wordIndex, others;      // columns; how many words; table.word; word -> index; n-grams left out
let lengths, scripts, lowered;                  // of each word: code points, kind of script, lower case
let sorting = { name: "rank", down: false }, order, shown, region = null;
const orders = new Map(), chunks = new Map(), ticked = new Set();
let active = -1, opened = -1;                   // place in `shown`; index of the word in the pane
let columns = [], wholeLines = false;           // columns that the grid shows; whether lines of the text are wrapped

const number = value => new Intl.NumberFormat(language).format(value);
const kindOf = name => about.columns.find(column => column.name === name)?.kind;
const label = name => T[name] ?? name;

function format(name, value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? T.isKnown : T.isNew;
  if (typeof value === "string") return name === "trend" ? label(value) : visible(value);
  if (kindOf(name) === "int" || (name === "score" && Number.isInteger(value) && value > 1)) return number(value);
  if (name === "score") return value.toFixed(4);
  const large = Math.abs(value);
  return large >= 1000 ? number(Math.round(value)) : large >= 0.01 || value === 0 ? value.toFixed(2) : value.toPrecision(2);
}

// ---------------------------------------------------------------- which words, in which order

function scriptOf(word) {
  const han = /\p{Script=Han}/u.test(word), rest = word.replace(/\p{Script=Han}/gu, "");
  if (rest === "") return "han";
  return /^[\p{Script=Latin}\p{Nd}]+$/u.test(rest) ? (han ? "mixed" : "latin") : "other";
}

/** The indices of all words in the order of a column; words without a value come last. */
function sorted(name, down) {
  const key = `${name} ${down} ${name === "rank" || kindOf(name) !== "text" ? "" : language}`;
  if (orders.has(key)) return orders.get(key);
  const indices = Int32Array.from({ length: size }, (_, i) => i);
  if (name === "rank") {
    if (down) indices.reverse();
  } else {
    indices.sort(comparison(name, down ? -1 : 1));
  }
  orders.set(key, indices);
  return indices;
}

function comparison(name, sign) {
  const values = table[name];
  if (kindOf(name) === "text") {
    const compare = new Intl.Collator(language === "zh" ? "zh-u-co-pinyin" : "en").compare;
    return (a, b) => (values[a] === null) - (values[b] === null) || sign * compare(values[a] ?? "", values[b] ?? "") || a - b;
  }
  const numbers = Float64Array.from(values, value => value === null ? NaN : Array.isArray(value) ? value.reduce((x, y) => x + y, 0) : value);
  return (a, b) => Number.isNaN(numbers[a]) - Number.isNaN(numbers[b]) || (Number.isNaN(numbers[a]) ? 0 : sign * (numbers[a] - numbers[b])) || a - b;
}

/** What a word must pass: the conditions of the form, as functions of its index. */
function conditions() {
  const tests = [], text = byId("search").value, mode = byId("mode").value, low = text.toLowerCase();
  const value = id => byId(id).value;
  byId("search").removeAttribute("aria-invalid");
  if (text && mode === "regex") {
    try {
      const pattern = new RegExp(text, "iu");
      tests.push(i => pattern.test(words[i]));
    } catch {
      byId("search").setAttribute("aria-invalid", "true");
      tests.push(() => false);
    }
  } else if (text) {
    tests.push({
      contains: i => lowered[i].includes(low), begins: i => lowered[i].startsWith(low),
      ends: i => lowered[i].endsWith(low), equals: i => lowered[i] === low,
    }[mode]);
  }
  const range = (id, of) => {
    const [least, most] = [value(`${id}-least`), value(`${id}-most`)];
    if (least !== "") tests.push(i => of(i) >= +least);
    if (most !== "") tests.push(i => of(i) <= +most);
  };
  range("length", i => lengths[i]);
  if (table.count) range("count", i => table.count[i]);
  if (value("known")) tests.push(i => table.known[i] === (value("known") === "known"));
  if (value("script")) tests.push(i => scripts[i] === value("script"));
  if (value("trend")) tests.push(i => table.trend[i] === value("trend"));
  if (value("ticked")) tests.push(i => ticked.has(i) === (value("ticked") === "yes"));
  if (region) tests.push(i => inRegion(i));
  return tests;
}

function refresh() {
  const started = performance.now(), tests = conditions(), found = new Int32Array(size);
  order = sorted(sorting.name, sorting.down);
  let n = 0;
  next: for (const i of order) {
    for (const test of tests) if (!test(i)) continue next;
    found[n++] = i;
  }
  shown = found.subarray(0, n);
  active = opened < 0 ? -1 : shown.indexOf(opened);
  byId("grid").scrollTop = 0;
  drawGrid();
  drawPlot();
  const bad = byId("search").hasAttribute("aria-invalid");
  byId("status").textContent = bad ? T.badRegex : T.shown(number(n), number(size));
  showChosen();
  judge();
  document.body.dataset.filtered = (performance.now() - started).toFixed(1);  // what the tests and the benchmark read
}

// ---------------------------------------------------------------- why a string is not in the list

async function judge() {
  const text = byId("search").value.trim(), place = byId("verdict");
  if (!text || byId("mode").value === "regex" || wordIndex.has(text) || [...text].length < 2) {
    place.hidden = true;
    return;
  }
  others ??= unpackOthers();
  const rows = await others;
  if (byId("search").value.trim() !== text) return;
  const row = rows?.index.get(text);
  if (row !== undefined) {
    const [limit, value, least] = [rows.limit[row], rows.value[row], rows.least[row]].map((x, i) => i && x !== null ? +x.toFixed(3) : x);
    place.textContent = T.missingWhy(visible(text), number(rows.count[row]), T.limits[limit]?.(value, least) ?? limit);
  } else {
    place.textContent = rows?.word.length ? T.missingUnknown(visible(text), number(rows.word.length), number(rows.count.at(-1))) : T.missing(visible(text));
  }
  place.hidden = row === undefined && shown.length > 0;
}

async function unpackOthers() {
  const text = byId("others").textContent;
  if (!text) return null;
  const rows = await unpack(text);
  return { ...rows, index: new Map(rows.word.map((word, row) => [word, row])) };
}

// ---------------------------------------------------------------- the table

const WIDTHS = { tick: 34, rank: 80, int: 80, float: 72, text: 96, bool: 72, series: 132, score: 78, right_entropy: 80 };
const rowHeight = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));

const hasValues = name => table[name].some(value => value !== null);

function chooseColumns() {
  const names = about.columns.map(column => column.name).filter(name => name !== "word");
  const early = ["series", "trend"].filter(name => names.includes(name));
  const rest = names.filter(name => !early.includes(name) && hasValues(name));
  const last = early.length ? early[0] : ["score", "known"].find(name => names.includes(name) && hasValues(name));
  columns = narrow.matches
    ? ["tick", "word", ...(table.count ? ["count"] : []), ...(last ? [last] : [])]
    : ["tick", "rank", "word", ...early, ...rest];
  const least = narrow.matches ? 110 : 120, squeeze = narrow.matches ? 0.8 : 1;
  const widths = columns.map(name => name === "word" ? least : Math.round(squeeze * (WIDTHS[name] ?? WIDTHS[kindOf(name)])));
  const grid = byId("grid");
  grid.style.setProperty("--columns", columns.map((name, i) => name === "word" ? `minmax(${least}px, 1fr)` : `${widths[i]}px`).join(" "));
  grid.style.setProperty("--width", `${widths.reduce((a, b) => a + b, 24)}px`);
  grid.setAttribute("aria-colcount", columns.length);
}

const isNumber = name => name === "rank" || ["int", "float"].includes(kindOf(name));

function drawHead() {
  byId("head").replaceChildren(...columns.map((name, i) => {
    const on = sorting.name === name;
    const cell = make("div", { role: "columnheader", class: isNumber(name) ? "" : "text", "aria-colindex": i + 1, "aria-sort": name === "tick" ? null : on ? (sorting.down ? "descending" : "ascending") : "none", "aria-label": name === "tick" ? T.tick : null });
    if (name !== "tick") {
      cell.append(make("button", { type: "button", tabindex: 0, title: T.explain[name] ?? label(name), "data-sort": name, onclick: () => sortBy(name) }, label(name), on ? (sorting.down ? " ↓" : " ↑") : ""));
    }
    return cell;
  }));
}

function sortBy(name) {
  const down = sorting.name === name ? !sorting.down : isNumber(name) && name !== "rank" || kindOf(name) === "series";
  sorting = { name, down };
  drawHead();
  refresh();
  byId("head").querySelector(`[data-sort="${name}"]`)?.focus();
}

/** Draw the rows that can be seen, and a few more. */
function drawGrid() {
  const grid = byId("grid"), rows = byId("rows"), high = rowHeight();
  grid.setAttribute("aria-rowcount", shown.length + 1);
  rows.style.height = `${Math.max(1, shown.length) * high}px`;
  const first = Math.max(0, Math.floor(grid.scrollTop / high) - 5);
  const last = Math.min(shown.length, Math.ceil((grid.scrollTop + grid.clientHeight) / high) + 5);
  const drawn = [];
  for (let place = first; place < last; place++) drawn.push(makeRow(place, high));
  if (!shown.length) drawn.push(make("div", { role: "row" }, make("div", { role: "gridcell", class: "empty" }, T.nothing)));
  rows.replaceChildren(...drawn);
  if (active >= first && active < last) grid.setAttribute("aria-activedescendant", `row-${active}`);
  else grid.removeAttribute("aria-activedescendant");
}

function makeRow(place, high) {
  const i = shown[place];
  const row = make("div", { role: "row", id: `row-${place}`, class: place === active ? "row active" : "row", "aria-rowindex": place + 2, "aria-selected": String(ticked.has(i)), "data-place": place });
  row.style.top = `${place * high}px`;
  row.append(...columns.map((name, at) => makeCell(name, i, at)));
  return row;
}

function makeCell(name, i, at) {
  const kind = name === "word" ? "word" : kindOf(name) ?? name;
  const numeric = kind === "int" || kind === "float";
  const cell = make("div", { role: "gridcell", "aria-colindex": at + 1, class: `cell ${numeric ? "number" : kind === "bool" || kind === "series" ? "text" : kind}`, lang: name === "word" ? "zh" : null });
  if (name === "tick") cell.setAttribute("aria-label", ticked.has(i) ? T.tickedOnly : T.untickedOnly);
  else if (name === "rank") cell.textContent = number(i + 1);
  else if (name === "word") { cell.textContent = visible(words[i]); cell.title = visible(words[i]); }
  else if (kind === "series") cell.append(sparkline(table.series[i] ?? []));
  else if ((kind === "bool" || name === "trend") && table[name][i] !== null) cell.append(badge(name, table[name][i]));
  else cell.textContent = format(name, table[name][i]);
  return cell;
}

const badge = (name, value) => make("span", { class: `badge ${value === false ? "new" : value}` }, format(name, value));

/** What the course of a word shows: its rate in each period, or its count if it is not known how large periods are. */
function heights(series) {
  const sizes = about.periods.characters;
  return series.map((count, at) => sizes ? count / Math.max(1, sizes[at]) : count);
}

function sparkline(series) {
  const rates = heights(series), most = Math.max(...rates) || 1, step = 100 / Math.max(1, series.length - 1);
  const path = rates.map((rate, x) => `${x ? "L" : "M"}${(x * step).toFixed(1)} ${(19 - 17 * rate / most).toFixed(1)}`).join("");
  const drawing = makeSvg("svg", { class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" }, makeSvg("path", { d: path }));
  return drawing;
}

function moveTo(place) {
  if (!shown.length) return;
  active = Math.max(0, Math.min(shown.length - 1, place));
  const grid = byId("grid"), high = rowHeight(), head = byId("head").offsetHeight;
  const top = active * high;
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (top + high > grid.scrollTop + grid.clientHeight - head) grid.scrollTop = top + high - grid.clientHeight + head;
  drawGrid();
  if (!oneColumn.matches) open(shown[active]);
}

function toggle(i) {
  if (!ticked.delete(i)) ticked.add(i);
  ticksChanged();
}

function ticksChanged() {
  kept.set(`ticks-${about.id}`, JSON.stringify([...ticked]));
  drawGrid();
  showChosen();
  const button = byId("tick-this");
  if (button) drawTickButton(button);
}

function drawTickButton(button) {
  button.textContent = `${ticked.has(opened) ? "✓ " : ""}${ticked.has(opened) ? T.ticked : T.tickThis}`;
  button.setAttribute("aria-pressed", String(ticked.has(opened)));
  button.classList.toggle("strong", ticked.has(opened));
}

function gridKey(event) {
  const page = Math.max(1, Math.floor(byId("grid").clientHeight / rowHeight()) - 2);
  const moves = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: shown.length - 1 };
  if (event.target.closest("button") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in moves) moveTo(moves[event.key]);
  else if (event.key === "Enter" && active >= 0) open(shown[active], true);
  else if (event.key === " " && active >= 0) toggle(shown[active]);
  else return;
  event.preventDefault();
}

// ---------------------------------------------------------------- the plot

const canvas = byId("canvas"), layer = document.createElement("canvas"), MARGIN = { left: 44, right: 12, top: 8, bottom: 24 };
let frame = null, hovered = -1, drag = null;    // scale of the last drawing; index under the pointer; corners of a rectangle
let dotsAsked = false, plotAsked = false;

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function bounds(values, least) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;   // NaN is neither
    if (value > high) high = value;
  }
  if (low > high) [low, high] = [0, 1];
  const middle = (low + high) / 2, half = Math.max(high - low, least, Math.abs(middle) * 1e-4) * 0.53;  // never too near to tell apart
  return [middle - half, middle + half];
}

/** The scale of the plot, and the place of each word in it; NaN for words that have none. */
function scaleOf(name, wide, high) {
  const xs = Float32Array.from(table.count, count => count > 0 ? Math.log10(count) : NaN);
  const ys = Float32Array.from(table[name], value => value ?? NaN);
  const [[x0, x1], [y0, y1]] = [bounds(xs, 0.3), bounds(ys, 1e-6)];
  const [w, h] = [wide - MARGIN.left - MARGIN.right, high - MARGIN.top - MARGIN.bottom];
  const x = value => MARGIN.left + (Math.log10(value) - x0) / (x1 - x0) * w, y = value => MARGIN.top + (y1 - value) / (y1 - y0) * h;
  for (let i = 0; i < size; i++) {
    xs[i] = MARGIN.left + (xs[i] - x0) / (x1 - x0) * w;
    ys[i] = y(ys[i]);
  }
  return {
    name, wide, high, x0, x1, y0, y1, x, y, xs, ys,
    count: at => 10 ** (x0 + (at - MARGIN.left) / w * (x1 - x0)), value: at => y1 - (at - MARGIN.top) / h * (y1 - y0),
  };
}

/** Draw the plot in the next frame; anew: with its dots, else only what lies over them. */
function drawPlot(anew = true) {
  dotsAsked ||= anew;
  if (plotAsked) return;
  plotAsked = true;
  requestAnimationFrame(() => {
    plotAsked = false;
    const [name, wide, high] = [byId("plot-y").value, canvas.clientWidth, canvas.clientHeight];
    if (!table.count || !name || !byId("plot").open || !wide) return;
    if (frame?.name !== name || frame.wide !== wide || frame.high !== high) frame = scaleOf(name, wide, high);
    if (dotsAsked) drawDots();
    dotsAsked = false;
    drawOver();
  });
}

function penOf(surface) {
  const ratio = devicePixelRatio || 1, pen = surface.getContext("2d");
  surface.width = frame.wide * ratio;
  surface.height = frame.high * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

function drawDots() {
  const pen = penOf(layer), all = shown.length === size, { xs, ys } = frame, known = table.known;
  const dots = (indices, ink, r, fits) => {
    pen.fillStyle = colour(ink);
    for (const i of indices) if (fits(i)) pen.fillRect(xs[i] - r, ys[i] - r, 2 * r, 2 * r);
  };
  const r = size > 20000 ? 1.2 : 1.7;
  drawAxes(pen);
  pen.globalAlpha = 0.35;
  if (!all) dots(order, "--faint", 1, () => true);
  pen.globalAlpha = size > 5000 && all ? 0.45 : 0.7;
  if (known) dots(shown, "--plus", r, i => known[i]);
  dots(shown, "--dot", r, known ? i => !known[i] : () => true);
  pen.globalAlpha = 1;
  drawNames(pen);
}

function drawOver() {
  const pen = penOf(canvas);
  pen.drawImage(layer, 0, 0, frame.wide, frame.high);
  for (const i of [opened, hovered]) if (i >= 0 && frame.xs[i] + frame.ys[i] > 0) drawRing(pen, i);
  if (!drag?.to) return;
  pen.strokeStyle = colour("--ink");
  pen.setLineDash([4, 3]);
  pen.strokeRect(drag.from[0], drag.from[1], drag.to[0] - drag.from[0], drag.to[1] - drag.from[1]);
}

function drawAxes(pen) {
  pen.font = `11px ${colour("--sans")}`;
  pen.strokeStyle = colour("--line");
  pen.fillStyle = colour("--soft");
  pen.textBaseline = "middle";
  pen.textAlign = "center";
  const line = (...points) => { pen.beginPath(); pen.moveTo(points[0], points[1]); pen.lineTo(points[2], points[3]); pen.stroke(); };
  const bottom = frame.high - MARGIN.bottom;
  for (let power = 0; power <= frame.x1; power++) {
    for (const digit of [1, 2, 5]) {
      const value = digit * 10 ** power, x = frame.x(value);
      if (x < MARGIN.left || x > frame.wide - MARGIN.right || (digit > 1 && frame.x1 - frame.x0 > 2.5)) continue;
      line(x, MARGIN.top, x, bottom);
      pen.fillText(new Intl.NumberFormat(language, { notation: "compact" }).format(value), x, bottom + 11);
    }
  }
  pen.textAlign = "right";
  const rough = (frame.y1 - frame.y0) / 4, unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find(times => times * unit >= rough) * unit;
  for (let value = Math.ceil(frame.y0 / step) * step; value <= frame.y1; value += step) {
    line(MARGIN.left, frame.y(value), frame.wide - MARGIN.right, frame.y(value));
    pen.fillText(+value.toPrecision(6), MARGIN.left - 6, frame.y(value));
  }
}

/** Write some of the best words that are shown beside their points, where there is room. */
function drawNames(pen) {
  const taken = new Set();
  Object.assign(pen, { font: `13px ${colour("--serif")}`, fillStyle: colour("--ink"), strokeStyle: colour("--paper"), lineWidth: 3, lineJoin: "round", textAlign: "left" });
  let written = 0;
  for (let place = 0; place < Math.min(600, shown.length) && written < 36; place++) {
    const i = shown[place], text = visible(words[i]).slice(0, 12), x = frame.xs[i] + 4, y = frame.ys[i], wide = pen.measureText(text).width;
    if (!(x + wide <= frame.wide - MARGIN.right) || Number.isNaN(y)) continue;
    const cells = [];
    for (let a = Math.floor(x / 12) - 1; a <= (x + wide) / 12 + 1; a++) for (let b = Math.floor((y - 9) / 9); b <= (y + 9) / 9; b++) cells.push(`${a},${b}`);
    if (cells.some(cell => taken.has(cell))) continue;
    cells.forEach(cell => taken.add(cell));
    pen.strokeText(text, x, y);
    pen.fillText(text, x, y);
    written++;
  }
}

function drawRing(pen, i) {
  const [x, y, text] = [frame.xs[i], frame.ys[i], visible(words[i]).slice(0, 20)];
  Object.assign(pen, { strokeStyle: colour("--ink"), lineWidth: 1.5, font: `600 15px ${colour("--serif")}`, fillStyle: colour("--panel"), textAlign: "left", textBaseline: "middle" });
  pen.beginPath();
  pen.arc(x, y, 5, 0, 7);
  pen.stroke();
  const wide = pen.measureText(text).width, left = x + wide + 16 > frame.wide ? x - wide - 10 : x + 10;
  pen.globalAlpha = 0.9;
  pen.fillRect(left - 3, y - 11, wide + 6, 22);
  pen.globalAlpha = 1;
  pen.fillStyle = colour("--accent");
  pen.fillText(text, left, y);
}

function nearest(event) {
  let best = -1, least = 144;
  if (frame) for (const i of shown) {
    const far = (frame.xs[i] - event.offsetX) ** 2 + (frame.ys[i] - event.offsetY) ** 2;
    if (far < least) [least, best] = [far, i];
  }
  return best;
}

function inRegion(i) {
  const value = table[region.name][i], count = table.count[i];
  return value !== null && count >= region.x[0] && count <= region.x[1] && value >= region.y[0] && value <= region.y[1];
}

function setRegion(next) {
  region = next;
  byId("region").hidden = !next;
  refresh();
}

function clearFilters() {
  byId("filters").reset();
  setRegion(null);
}

function plotUp(event) {
  const [from, to] = [drag?.from, drag?.to];
  drag = null;
  if (to) {
    const ascending = (a, b) => a - b;
    setRegion({
      name: byId("plot-y").value,
      x: [frame.count(from[0]), frame.count(to[0])].sort(ascending), y: [frame.value(from[1]), frame.value(to[1])].sort(ascending),
    });
    return;
  }
  const i = nearest(event);
  if (i >= 0) goTo(i);
}

function plotMove(event) {
  if (drag && event.pointerType === "mouse" && Math.hypot(event.offsetX - drag.from[0], event.offsetY - drag.from[1]) > 5) {
    drag.to = [event.offsetX, event.offsetY];
    drawPlot(false);
    return;
  }
  const i = nearest(event);
  if (i !== hovered) {
    hovered = i;
    drawPlot(false);
  }
}

// ---------------------------------------------------------------- the evidence of a word

async function evidenceFor(i) {
  if (i >= about.evidence) return null;
  const chunk = Math.floor(i / about.chunk);
  if (!chunks.has(chunk)) chunks.set(chunk, unpack(byId(`evidence-${chunk}`).textContent));
  return (await chunks.get(chunk))[i % about.chunk];
}

/** Show a word in the table, whatever the filters, and open it. */
function goTo(i) {
  if (!shown.includes(i)) clearFilters();
  moveTo(shown.indexOf(i));
  open(i, oneColumn.matches);
}

async function open(i, focus = false) {
  opened = i;
  if (location.hash !== `#${i + 1}`) history.replaceState(null, "", `#${i + 1}`);
  const pane = byId("evidence"), found = await evidenceFor(i);
  if (opened !== i) return;
  pane.replaceChildren(
    wordHead(i), figures(i),
    ...[courseOf(i), whyOf(i, found), ...(found?.lines ? [linesOf(i, found), besideOf(found), partsOf(i, found)] : []), relatedOf(i)].filter(Boolean),
  );
  if (!found) pane.append(make("p", { class: "note" }, T.noEvidence(number(about.evidence))));
  pane.dataset.word = i;
  if (focus) {
    pane.classList.add("open");
    byId("list").inert = oneColumn.matches;
    pane.focus();
  }
  pane.scrollTop = 0;
  drawPlot(false);
}

function closePane() {
  byId("evidence").classList.remove("open");
  byId("list").inert = false;
  byId("grid").focus();
}

function wordHead(i) {
  const step = by => () => {
    if (!shown.length) return;
    moveTo(active + by);
    open(shown[active]);
  };
  const tick = make("button", { type: "button", id: "tick-this", onclick: () => toggle(i) });
  drawTickButton(tick);
  const under = make("p", { class: "under" }, `${T.rank} ${number(i + 1)}`);
  if (table.known && table.known[i] !== null) under.append(badge("known", table.known[i]));
  if (table.trend && table.trend[i] !== null) under.append(badge("trend", table.trend[i]));
  return make("header", {},
    make("div", {}, make("h2", { lang: "zh" }, visible(words[i])), under),
    make("div", { class: "moves" }, tick,
      make("button", { type: "button", "aria-label": T.previous, title: T.previous, onclick: step(-1) }, "↑"),
      make("button", { type: "button", "aria-label": T.next, title: T.next, onclick: step(1) }, "↓"),
      make("button", { type: "button", id: "close", "aria-label": T.close, onclick: closePane }, "✕")));
}

function figures(i) {
  const names = about.columns.filter(column => !["text", "series"].includes(column.kind) || ["first", "last", "peak", "change"].includes(column.name)).map(column => column.name);
  const list = make("dl", { class: "figures" });
  for (const name of names) {
    if (["word", "known"].includes(name) || table[name][i] === null) continue;
    list.append(make("div", { title: T.explain[name] ?? null }, make("dt", {}, label(name)), make("dd", {}, format(name, table[name][i]))));
  }
  return make("section", {}, list);
}

const section = (title, ...children) => make("section", {}, make("h3", {}, title), ...children);
const note = text => make("p", { class: "note" }, text);

function whyOf(i, found) {
  if (!about.terms.length) return kindOf("score") && Number.isInteger(table.score[i]) && table.score[i] > 1 ? section(T.why, note(T.whyCount)) : null;
  if (!found) return null;
  const terms = about.terms.map((name, at) => [name, found.terms[at]]).filter(([, value]) => value !== 0);
  const [constant, rest] = [terms.filter(([name]) => name === "constant"), terms.filter(([name]) => name !== "constant")];
  rest.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const values = terms.map(([, value]) => value), low = Math.min(0, ...values), high = Math.max(0.001, ...values);
  const box = make("div", { class: "terms" }), sum = found.terms.reduce((a, b) => a + b, 0);
  const signed = value => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
  box.style.setProperty("--zero", `${(-low / (high - low) * 100).toFixed(1)}%`);
  for (const [name, value] of [...rest, ...constant]) {
    const bar = make("i", { class: value < 0 ? "minus" : "" });
    bar.style.left = `${((Math.min(0, value) - low) / (high - low) * 100).toFixed(1)}%`;
    bar.style.width = `${(Math.abs(value) / (high - low) * 100).toFixed(1)}%`;
    box.append(make("span", {}, T.terms[name] ?? name), make("span", { class: "track", "aria-hidden": "true" }, bar), make("span", { class: "value" }, signed(value)));
  }
  const title = table.trend || table.background ? T.whyScore : T.why;  // those have ranks of their own
  box.append(make("span", { class: "sum" }, T.sum), make("span", { class: "value sum" }, signed(sum)));
  box.append(make("span", { class: "chance" }, T.chance), make("span", { class: "value chance" }, (1 / (1 + Math.exp(-sum))).toFixed(4)));
  return section(title, box, note(T.termsNote));
}

function linesOf(i, found) {
  const list = make("ul", { class: wholeLines ? "lines whole" : "lines" });
  for (const [id, left, right] of found.lines) {
    list.append(make("li", {},
      make("span", { class: "document" }, `#${id}`),
      make("span", { class: "left", lang: "zh" }, make("bdi", {}, visible(left))),
      make("mark", { lang: "zh" }, visible(words[i])),
      make("span", { class: "right", lang: "zh" }, make("bdi", {}, visible(right)))));
  }
  const wrap = make("button", { type: "button", class: "plain", "aria-pressed": String(wholeLines) }, T.wrap);
  wrap.addEventListener("click", () => {
    wholeLines = list.classList.toggle("whole");
    wrap.setAttribute("aria-pressed", String(wholeLines));
  });
  if (!found.count) return section(T.lines, note(T.noLines));
  const whole = section(T.lines, list, note(T.sampled(number(found.lines.length), number(found.count))));
  whole.firstChild.append(wrap);
  return whole;
}

function besideOf(found) {
  const side = (title, rows, join) => {
    const most = Math.max(1, ...rows.map(([, count]) => count)), list = make("ol");
    for (const [one, count] of rows) {
      const bar = make("i");
      bar.style.width = `${(100 * count / most).toFixed(1)}%`;
      list.append(make("li", {}, one === "" ? make("span", { class: "end" }, T.textEnd) : make("span", { class: "ngram", lang: "zh" }, ...join(make("b", {}, visible(one)))), bar, make("span", {}, number(count))));
    }
    return make("div", {}, make("h4", {}, title), list);
  };
  if (!found.left.length && !found.right.length) return null;
  return section(T.beside, make("div", { class: "beside" }, side(T.before, found.left, one => [one, "～"]), side(T.after, found.right, one => ["～", one])), note(T.neighbourNote));
}

function partsOf(i, found) {
  const characters = [...words[i]];
  if (!found.heads.length || !found.count) return null;
  const rows = make("tbody"), share = count => count ? `${(100 * found.count / count).toFixed(found.count / count < 0.1 ? 1 : 0)} %` : "–";
  const cell = (text, count) => make("td", {}, make("span", { lang: "zh" }, text), " ", make("small", {}, `${number(count)} · ${share(count)}`));
  for (let cut = 1; cut < characters.length; cut++) {
    const [left, right] = [characters.slice(0, cut).join(""), characters.slice(cut).join("")];
    rows.append(make("tr", {}, cell(visible(left), found.heads[cut - 1]), cell(visible(right), found.tails[characters.length - cut - 1])));
  }
  const parts = section(T.parts, make("table", { class: "parts" }, rows));
  if (found.pairs.length) {
    parts.append(make("p", { class: "note" }, ...found.pairs.flatMap((count, at) => [make("span", { lang: "zh" }, visible(characters.slice(at + 1, at + 3).join(""))), ` ${number(count)}  `])));
  }
  parts.append(note(T.partsNote));
  const listed = (table.occurrences ?? table.count)?.[i];
  if (listed !== undefined && listed !== found.count) parts.append(note(T.countNote(number(found.count), number(listed))));
  return parts;
}

function relatedOf(i) {
  const word = words[i], longer = [], inside = [];
  for (let j = 0; j < size; j++) {
    if (j === i) continue;
    if (longer.length < 24 && lengths[j] > lengths[i] && words[j].includes(word)) longer.push(j);
    if (lengths[j] < lengths[i] && word.includes(words[j])) inside.push(j);
  }
  if (!longer.length && !inside.length) return null;
  const chips = indices => make("div", { class: "chips" }, ...indices.map(j => make("button", { type: "button", lang: "zh", onclick: () => goTo(j) }, visible(words[j]), table.count ? make("small", {}, number(table.count[j])) : "")));
  return section(T.related, ...(longer.length ? [note(T.longer), chips(longer)] : []), ...(inside.length ? [note(T.shorter), chips(inside.slice(0, 24))] : []));
}

function courseOf(i) {
  const series = table.series?.[i];
  if (!series?.length) return null;
  const rates = heights(series), most = Math.max(...rates), [wide, high] = [400, 100], step = wide / series.length;
  const chart = makeSvg("svg", { class: "chart", viewBox: `0 0 ${wide} 130`, role: "img", "aria-label": `${T.course}: ${about.periods.labels[0]} – ${about.periods.labels.at(-1)}` });
  series.forEach((count, at) => {
    const tall = high * rates[at] / (most || 1);
    chart.append(makeSvg("rect", { x: (at * step).toFixed(2), y: (12 + high - tall).toFixed(2), width: Math.max(0.6, step - Math.min(2, step / 4)).toFixed(2), height: tall.toFixed(2) }, makeSvg("title", {}, `${about.periods.labels[at]}: ${number(count)}`)));
  });
  const peak = rates.indexOf(most), text = (x, y, anchor, words) => makeSvg("text", { x, y, "text-anchor": anchor }, words);
  const at = peak * step + step / 2;
  chart.append(makeSvg("line", { x1: 0, y1: 112.5, x2: wide, y2: 112.5 }), text(0, 126, "start", about.periods.labels[0]), text(wide, 126, "end", about.periods.labels.at(-1)));
  if (peak >= 0) chart.append(text(at, 9, at < 60 ? "start" : at > 340 ? "end" : "middle", `${about.periods.labels[peak]} · ${number(series[peak])}`));
  return section(T.course, chart, about.periods.characters ? note(T.courseNote) : null);
}

// ---------------------------------------------------------------- export

const exported = () => ticked.size ? [...ticked].sort((a, b) => a - b) : [...shown];

function showChosen() {
  byId("chosen").textContent = ticked.size ? T.chosenTicks(number(ticked.size)) : T.chosenShown(number(shown.length));
  for (const id of ["export-csv", "export-dict"]) byId(id).disabled = !ticked.size && !shown.length;
  byId("untick").disabled = !ticked.size;
}

function csv() {
  const names = about.columns.map(column => column.name);
  const quoted = value => /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const cell = value => value === null ? "" : quoted(Array.isArray(value) ? value.join(" ") : String(value));
  return "\ufeff" + [names.map(quoted).join(","), ...exported().map(i => names.map(name => cell(table[name][i])).join(","))].join("\r\n") + "\r\n";
}

/** Lines of word and count, as jieba loads them; a word with white space would be none there. */
const dictionary = () => exported().filter(i => words[i] && !/\s/.test(words[i])).map(i => `${words[i]} ${table.count?.[i] ?? 1}\n`).join("");

function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// ---------------------------------------------------------------- language, light, help

function setLanguage(next) {
  language = next;
  T = TEXTS[next];
  document.documentElement.lang = next === "zh" ? "zh-Hans" : "en";
  for (const [attribute, set] of [["t", (e, text) => { e.textContent = text; }], ["tTitle", (e, text) => { e.title = text; e.setAttribute("aria-label", text); }], ["tLabel", (e, text) => e.setAttribute("aria-label", text)], ["tPlaceholder", (e, text) => { e.placeholder = text; }]]) {
    for (const element of document.querySelectorAll(`[data-${attribute.replace(/[A-Z]/g, c => `-${c.toLowerCase()}`)}]`)) set(element, T[element.dataset[attribute]]);
  }
  byId("language").textContent = T.otherLanguage;
  byId("title").textContent = about.title ?? "nlptools";
  byId("summary").textContent = T.summary({ ...about, n: number });
  for (const option of [...byId("plot-y").options, ...byId("trend").options]) if (option.value) option.textContent = label(option.value);
  drawHead();
  drawHelp();
}

function drawHelp() {
  const close = make("button", { type: "button", class: "strong", onclick: () => byId("help").close() }, T.close);
  byId("help").replaceChildren(
    make("h2", { id: "help-title" }, T.help), make("h3", {}, T.keysTitle),
    make("dl", {}, ...T.keys.flatMap(([keys, what]) => [make("dt", {}, ...keys.split(" ").flatMap(key => [make("kbd", {}, key), " "])), make("dd", {}, what)])),
    make("h3", {}, T.columnsTitle),
    make("dl", {}, ...about.columns.filter(({ name }) => T.explain[name]).flatMap(({ name }) => [make("dt", {}, label(name)), make("dd", {}, T.explain[name])])),
    make("p", { class: "note" }, T.plotNote), make("p", { class: "note" }, `nlptools ${about.version}`), make("form", {}, close));
}

const dark = matchMedia("(prefers-color-scheme: dark)");

function setTheme() {
  const theme = kept.get("theme") ?? (dark.matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "☀" : "☾";
}

// ---------------------------------------------------------------- beginning

function fillForm() {
  const numeric = about.columns.filter(({ name, kind }) => ["int", "float"].includes(kind) && name !== "count" && hasValues(name)).map(({ name }) => name);
  byId("plot-y").append(...numeric.map(name => make("option", { value: name })));
  byId("plot-y").value = numeric.includes("pmi") ? "pmi" : numeric[0] ?? "";
  byId("plot").hidden = !table.count || !numeric.length;
  byId("plot").open = !narrow.matches;
  byId("known-choice").hidden = byId("legend").hidden = !table.known || !hasValues("known");
  byId("trend-choice").hidden = !table.trend;
  byId("trend").append(...[...new Set(table.trend ?? [])].filter(Boolean).map(name => make("option", { value: name })));
}

function restoreTicks() {
  try {
    for (const i of JSON.parse(kept.get(`ticks-${about.id}`) ?? "[]")) if (Number.isInteger(i) && i >= 0 && i < size) ticked.add(i);
  } catch { /* not ours */ }
}

function listen() {
  const on = (id, type, listener) => byId(id).addEventListener(type, listener);
  const form = byId("filters"), grid = byId("grid");
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("input", refresh);
  on("clear", "click", clearFilters);
  on("search", "keydown", event => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      grid.focus();
      moveTo(0);
    } else if (event.key === "Escape") {
      event.preventDefault();
      byId("search").value = "";
      refresh();
      grid.focus();
    }
  });
  on("more", "click", () => byId("more").setAttribute("aria-expanded", String(byId("ranges").classList.toggle("open"))));
  on("plot-y", "change", () => setRegion(null));
  on("region", "click", () => setRegion(null));
  on("plot", "toggle", () => { drawPlot(); drawGrid(); });
  grid.addEventListener("scroll", () => requestAnimationFrame(drawGrid));
  grid.addEventListener("keydown", gridKey);
  grid.addEventListener("focus", () => { if (active < 0) moveTo(0); });
  on("rows", "click", event => {
    const row = event.target.closest("[data-place]");
    if (!row) return;
    const place = +row.dataset.place;
    if (event.target.closest(".tick")) toggle(shown[place]);
    else {
      moveTo(place);
      open(shown[place], oneColumn.matches);
    }
  });
  canvas.addEventListener("pointerdown", event => { drag = { from: [event.offsetX, event.offsetY], to: null }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", plotMove);
  canvas.addEventListener("pointerup", plotUp);
  canvas.addEventListener("pointerleave", () => { hovered = -1; drawPlot(false); });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  on("tick-shown", "click", () => { for (const i of shown) ticked.add(i); ticksChanged(); });
  on("untick", "click", () => { ticked.clear(); ticksChanged(); });
  on("export-csv", "click", () => download("words.csv", "text/csv", csv()));
  on("export-dict", "click", () => download("words.dict", "text/plain", dictionary()));
  on("language", "click", () => {
    setLanguage(language === "zh" ? "en" : "zh");
    kept.set("language", language);
    refresh();
    if (opened >= 0) open(opened);
    else invite();
  });
  on("theme", "click", () => { kept.set("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark"); setTheme(); drawPlot(); });
  dark.addEventListener("change", () => { setTheme(); drawPlot(); });
  on("help-open", "click", () => byId("help").showModal());
  document.addEventListener("keydown", event => {
    if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); byId("search").select(); byId("search").focus(); }
    else if (event.key === "?") byId("help").showModal();
    else if (event.key === "Escape" && byId("evidence").contains(document.activeElement)) closePane();
  });
  oneColumn.addEventListener("change", () => { byId("list").inert = false; byId("evidence").classList.remove("open"); });
  narrow.addEventListener("change", () => { chooseColumns(); drawHead(); });
  addEventListener("resize", () => { drawGrid(); drawPlot(); });
  addEventListener("hashchange", openAddressed);
}

const invite = () => byId("evidence").replaceChildren(make("p", { class: "empty" }, T.choose));

function openAddressed() {
  const i = parseInt(location.hash.slice(1), 10) - 1;
  if (i >= 0 && i < size && i !== opened) goTo(i);
}

async function begin() {
  setTheme();
  table = await unpack(byId("table").textContent);
  words = table.word.map(word => word ?? "");
  size = words.length;
  wordIndex = new Map(words.map((word, i) => [word, i]));
  lengths = words.map(word => [...word].length);
  lowered = words.map(word => word.toLowerCase());
  scripts = words.map(scriptOf);
  restoreTicks();
  fillForm();
  chooseColumns();
  setLanguage(language);
  listen();
  refresh();
  invite();
  openAddressed();
  if (opened < 0 && size && !oneColumn.matches) moveTo(0);
  document.body.dataset.ready = performance.now().toFixed(0);
}

begin().catch(error => {
  byId("status").textContent = "DecompressionStream" in window ? String(error) : "This page needs a browser of 2023 or later. 此页面需要 2023 年以后的浏览器。";
  throw error;
});
