"""The page's style sheet. The colours of versions are told apart by those who do not see red and green, too."""

from __future__ import annotations

STYLE = """\
:root { --ground: #fff; --ink: #1b2130; --soft: #5b6475; --line: #dde2ea; --panel: #f5f7fa;
  --a: #4c78c8; --b: #2a9d8f; --c: #e08a1e; --bad: #c62828; --good: #1a7f45; --slow: #8a94a8; --wait: #7b4fb5;
  --d: #b5527a; --exclusive: #f3d9a8; --band: #dfe6f3; --moving: #f6e3bd; --rate: #b9c6dd; }
@media (prefers-color-scheme: dark) { :root { --ground: #12151c; --ink: #e6e9f0; --soft: #9aa4b8; --line: #2a303d;
  --panel: #1a1f29; --a: #6f9bea; --b: #45bfae; --c: #f0a544; --bad: #ff6b6b; --good: #5fce8c; --slow: #77829a;
  --d: #dd86a9; --wait: #b18ae8; --exclusive: #56451f; --band: #2b3448; --moving: #4e401f; --rate: #3d4a63; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--ground);
  max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: clamp(1.5rem, 5vw, 2.2rem); line-height: 1.2; margin: .2rem 0 .6rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: .85rem; margin: .9rem 0 .25rem; display: flex; flex-wrap: wrap; align-items: baseline; }
h3 small { color: var(--soft); font-weight: 400; margin-left: .5rem; }
.brand { color: var(--soft); margin: 0; } .lead { font-size: 1.1rem; max-width: 46rem; }
.cards { list-style: none; padding: 0; margin: 1.4rem 0; display: grid; gap: .6rem;
  grid-template-columns: repeat(auto-fill, minmax(7.9rem, 1fr)); }
.cards li { background: var(--panel); border-radius: .5rem; padding: .7rem .8rem; border-top: 3px solid var(--line); }
.cards strong { display: block; font-size: 1.45rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.cards span { color: var(--soft); font-size: .85rem; line-height: 1.3; display: block; }
.cards .good { border-color: var(--good); } .cards .trouble { border-color: var(--bad); }
.plot { position: relative; height: 5.5rem; background: var(--panel); border-bottom: 1px solid var(--line); }
.plot svg { display: block; width: 100%; height: 100%; }
h3 .top { margin-left: auto; padding-left: .5rem; }
.bands { height: 4.4rem; background: none; border: 0; }
.band { position: absolute; top: 0; height: 2rem; background: var(--band); overflow: hidden; border-radius: .25rem;
  border-right: 2px solid var(--ground); }
.band span { font-size: .78rem; padding: 0 .4rem; line-height: 2rem; white-space: nowrap; display: block;
  overflow: hidden; text-overflow: ellipsis; }
.moving { background: var(--moving); } .moving span { padding: 0 .15rem; }
.rule { position: absolute; top: 0; bottom: 0; width: 0; border-left: 1px dashed var(--soft); opacity: .55; }
.bands .rule { opacity: 1; border-left-color: transparent; }
.rule b { position: absolute; bottom: 1.2rem; left: -.55rem; width: 1.1rem; height: 1.1rem; border-radius: 50%;
  font: 600 .65rem/1.1rem system-ui, sans-serif; text-align: center; font-style: normal; color: var(--ground);
  background: var(--soft); }
.rule.low b { bottom: 0; }
.rule.trouble { border-left-color: var(--bad); } .rule.trouble b { background: var(--bad); }
.rule.schema b { background: var(--wait); }
.axis { position: relative; height: 1.4rem; font-size: .75rem; color: var(--soft); }
.axis span { position: absolute; white-space: nowrap; transform: translateX(-50%); }
.axis span:first-child { transform: none; } .axis span:last-child { transform: translateX(-100%); }
.key { display: inline-block; width: .7rem; height: .7rem; border-radius: .15rem; margin: 0 .25rem 0 .5rem; }
.a { fill: var(--a); background: var(--a); } .b { fill: var(--b); background: var(--b); }
.c { fill: var(--c); background: var(--c); } .d { fill: var(--d); background: var(--d); }
.rate { fill: var(--rate); background: var(--rate); }
.bad { fill: var(--bad); background: var(--bad); } .slow { fill: var(--slow); background: var(--slow); }
.wait { fill: var(--wait); background: var(--wait); }
.exclusive { fill: var(--exclusive); background: var(--exclusive); }
.moments { padding-left: 1.8rem; } .moments time { color: var(--soft); font-variant-numeric: tabular-nums; }
.moments .trouble { color: var(--bad); font-weight: 600; }
table { border-collapse: collapse; font-size: .9rem; } th, td { text-align: left; padding: .25rem .9rem .25rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; font-variant-numeric: tabular-nums; }
details { margin-top: 2rem; } summary { cursor: pointer; } .wide { overflow-x: auto; }
@media print { body { max-width: none; } .plot { break-inside: avoid; } }
"""
