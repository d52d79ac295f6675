/** Colours of models, light and dark: backgrounds that the ink of the page can be read on. */
export const tints = ['#cfe0fb', '#f9dcb8', '#cfeed8', '#ead7f7', '#fbd3d9', '#d3eef0'];
export const darkTints = ['#24406b', '#5f431d', '#1f5136', '#4b3364', '#642f3b', '#1f4f55'];
const strong = ['#2f6fd6', '#b7700f', '#2a8a52', '#8a4bbd', '#c2405a', '#1f8790'];
const strongDark = ['#7fb0ff', '#f0b25c', '#6fd399', '#cd9cf2', '#f590a5', '#6fd0d9'];

const models = (tint: readonly string[], tone: readonly string[]) =>
  tint.map((colour, at) => `.m${at}{--tint:${colour};--strong:${tone[at]}}`).join('');

/** The style of the page. */
export const style = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f26;--dim:#5a6270;--line:#e1e5eb;--soft:#f4f6f9;--good:#1a7a43;--bad:#c22a33;--warn:#8a5a00;--focus:#1557c0;--target:#fff3c4}
${models(tints, strong)}
@media screen and (prefers-color-scheme:dark){
:root{--paper:#14171c;--ink:#e8ebf0;--dim:#a3abb8;--line:#2c323c;--soft:#1c2129;--good:#62cf8f;--bad:#ff8a8a;--warn:#f2b75c;--focus:#8fbcff;--target:#4a3d12}
${models(darkTints, strongDark)}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2.5rem 1.25rem 3rem;max-width:66rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
h1,h2,p,ul,ol{margin:0;padding:0}ul{list-style:none}
h1{font-size:clamp(1.75rem,1.2rem + 2.6vw,2.75rem);line-height:1.15;letter-spacing:-.02em;font-weight:700}
h1 .by{display:inline-block;font-weight:400}
h2{font-size:1.125rem;line-height:1.3;margin-bottom:.9rem;font-weight:650}
section{margin-top:2.75rem}
.dim,.note,.from,.sum,.reason,footer{color:var(--dim)}
.from{font-size:.8125rem;letter-spacing:.02em;margin-bottom:.5rem}
.reason{margin-top:.4rem;font-size:1.0625rem}.sum{margin-top:.75rem}
.fits .mark{color:var(--good)}.over .mark{color:var(--bad)}.warns .mark{color:var(--warn)}
header.fits .by{color:var(--good)}header.over .by{color:var(--bad)}
.path{overflow-wrap:anywhere;unicode-bidi:isolate}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.meter,.bar{position:relative;background:var(--soft);border-radius:3px;overflow:hidden}
.meter{height:14px;margin-top:1.25rem}.bar{height:8px}
.used{position:absolute;inset:0 auto 0 0;width:var(--used);background:var(--good)}
.over{--tone:var(--bad)}.warns{--tone:var(--warn)}
.over .used,.warns .used{background:linear-gradient(90deg,color-mix(in srgb,var(--tone) 45%,var(--paper)) var(--limit),var(--tone) 0)}
.limit{position:absolute;inset:0 auto 0 calc(var(--limit) - 1px);width:2px;background:var(--ink)}.fits .limit{display:none}
.former{position:absolute;inset:0 auto 0 calc(var(--former) - 1px);width:2px;background:var(--paper)}
.budgets li{display:grid;grid-template-columns:13.5rem 10.5rem 1fr 13rem;gap:.15rem 1.25rem;align-items:center;padding:.65rem 0;border-top:1px solid var(--line)}
.budgets li:last-child{border-bottom:1px solid var(--line)}
.budgets .numbers{text-align:right;white-space:nowrap}.budgets .remark{grid-area:1/4/span 2;align-self:start;font-size:.9375rem;line-height:1.4;padding-top:.08rem}
.over .remark{color:var(--bad);font-weight:600}.warns .remark{color:var(--warn)}.fits .remark{color:var(--dim)}
.budgets .note{grid-column:1/4;padding-left:1.2rem}.note{font-size:.8125rem}.budgets+.note{margin-top:.6rem}
.before{display:block;font-weight:400;color:var(--dim);font-size:.8125rem}.budgets .name{padding-left:1.2rem;text-indent:-1.2rem}.budgets .name>*{text-indent:0}.budgets .mark{display:inline-block;width:1.2rem}
.tag{font-size:.75rem;border:1px solid currentColor;border-radius:3px;padding:0 .35em;color:var(--dim);white-space:nowrap}
.functions li{display:grid;grid-template-columns:1.1rem 1fr auto;gap:.25rem .6rem;padding:.55rem 0;border-top:1px solid var(--line)}
.functions li:last-child{border-bottom:1px solid var(--line)}
.map{position:relative;width:100%;margin:.6rem 0 1.75rem}
.map.wide{aspect-ratio:1000/440}.map.tall{display:none;aspect-ratio:360/460}
.map a{position:absolute;color:var(--ink);text-decoration:none;font-size:.8125rem;line-height:1.25}
.map .group{display:flex;gap:.5em;align-items:center;padding:0 .1rem;font-weight:600;white-space:nowrap;overflow:hidden}
.map .group .path{overflow:hidden;text-overflow:ellipsis}.map .group small{font-weight:400;font-size:1em;color:var(--dim)}
.cell{background:var(--tint);border-radius:2px}
.cell .in{position:absolute;inset:0;overflow:hidden;padding:.3rem .45rem}
.cell .in span,.cell .in small{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:inherit}
.cell.short .in{padding:0 .45rem}.cell.short .in small{display:none}.cell.tiny .in{display:none}
.cell .tip{display:none;position:absolute;z-index:2;width:max-content;max-width:min(20rem,60vw);padding:.35rem .55rem;background:var(--ink);color:var(--paper);border-radius:3px;pointer-events:none}
.cell:hover .tip,.cell:focus-visible .tip{display:block}
.cell.right .tip{left:0}.cell.left .tip{right:0}.cell.below .tip{top:calc(100% + 4px)}.cell.above .tip{bottom:calc(100% + 4px)}
.cell:hover,.cell:focus-visible{z-index:1;outline:2px solid var(--strong);outline-offset:-1px}
a:focus-visible,summary:focus-visible,pre:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:2px}
.swatch{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;background:var(--strong);margin-right:.5rem;vertical-align:-.05em}
details.model{border-top:1px solid var(--line);padding:.6rem 0}summary{cursor:pointer;padding:.15rem 0}
details.model>p{font-size:.875rem;margin:.1rem 0 .35rem}
.rest{margin-top:.5rem}.rest summary{color:var(--dim);font-size:.9375rem}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
caption{text-align:left;font-weight:600;padding:.6rem 0 .2rem}
th,td{text-align:left;font-weight:400;padding:.28rem .75rem .28rem 0;vertical-align:baseline;border-bottom:1px solid var(--line)}
thead th{color:var(--dim);font-size:.8125rem}
td{white-space:nowrap}td:nth-child(2),td:nth-child(3){text-align:right}thead th:not(:first-child){text-align:right}
th.share,td.share{width:30%;padding-right:0}td.share{text-align:left;vertical-align:middle}thead th.share{text-align:left}
.share span{display:block;height:8px;min-width:1px;border-radius:2px;background:var(--strong)}
tr:target>*{background:var(--target)}details:target>summary{background:var(--target)}
.changes td.remark{white-space:normal;text-align:left}.changes thead th:nth-child(2),.changes thead th:last-child{text-align:left}
.changes td:first-child{width:1.6rem;text-align:center;padding-right:.5rem}.change{font-weight:700}
.added .change{color:var(--good)}.removed .change{color:var(--bad)}.changed .change,.unknown .change{color:var(--warn)}
.lead{font-size:1.0625rem}.counts{margin-bottom:.6rem}.models{margin-bottom:.75rem}
.next{padding-left:1.25rem}.next li{margin-bottom:.75rem}
pre{margin:0;padding:.7rem .9rem;background:var(--soft);border-radius:4px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
footer{margin-top:3rem;font-size:.8125rem}
@media (max-width:60rem) and (min-width:44.01rem){.budgets li{grid-template-columns:12rem 10rem 1fr}.budgets .remark{grid-area:auto/1/auto/-1;padding-left:1.2rem}.budgets .note{grid-column:1/-1}.before{display:inline;margin-left:.5em}}
@media (max-width:44rem){
body{padding:1.5rem 1rem 2rem}section{margin-top:2.25rem}
.budgets li{grid-template-columns:1fr auto;gap:.3rem .75rem}.budgets .bar,.budgets .note{grid-column:1/-1}.budgets .remark{grid-area:auto/1/auto/-1}.budgets .note{padding-left:0}.before{display:inline;margin-left:.5em}
.functions li{grid-template-columns:1.1rem 1fr}.functions .remark{grid-column:2}
.map.wide{display:none}.map.tall{display:block}
th.share,td.share{display:none}td:last-of-type{padding-right:0}
.changes .remark{display:none}.changes thead th:last-child{display:none}}
@media (prefers-contrast:more){:root{--dim:var(--ink);--line:var(--ink)}}
@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:11pt}section,.budgets li,.map,tr{break-inside:avoid}
section[aria-labelledby=contents]{break-inside:auto}h2{break-after:avoid}pre{border:1px solid var(--line)}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.tip{display:none!important}}
`;
