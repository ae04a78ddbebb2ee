"""The style sheet of a report: one quiet column, light and dark, readable on a phone and on paper."""

LIGHT = ("#2463a6", "#d2601a", "#1f8a66", "#8e4a9e", "#a47b00", "#c23b5a", "#3a8fb7", "#6b6f76")
DARK = ("#7ab3ee", "#f2a15f", "#5ecda3", "#cf98de", "#e0bd4f", "#f08aa0", "#7fcbe6", "#a9adb5")


def _colours(shades: tuple[str, ...]) -> str:
    return "".join(f"--c{i}:{shade};" for i, shade in enumerate(shades))


STYLE = (
    f":root{{color-scheme:light dark;--paper:#fdfdfc;--ink:#1d2126;--quiet:#5f6670;--faint:#e4e6e8;--tint:#f3f4f5;"
    f"--accent:#2463a6;--warn:#b3541e;--warnbg:#fdf3ec;--bar:#a9bdd3;{_colours(LIGHT)}}}"
    "@media (prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e4e6e9;--quiet:#9ba2ac;--faint:#2e333a;"
    f"--tint:#1e2227;--accent:#7ab3ee;--warn:#f2a15f;--warnbg:#2b221b;--bar:#46607d;{_colours(DARK)}}}}}"
    + "".join(f".c{i}{{--c:var(--c{i})}}" for i in range(len(LIGHT)))
    + """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif}
main{max-width:860px;margin:0 auto;padding:56px 24px 96px}
header{border-bottom:1px solid var(--faint);margin-bottom:32px;padding-bottom:20px}
h1{font-size:30px;line-height:1.25;font-weight:650;letter-spacing:-.015em;margin:0;text-wrap:balance}
.subtitle{color:var(--quiet);margin:8px 0 0;font-size:17px}
h2{font-size:21px;line-height:1.3;font-weight:650;letter-spacing:-.01em;margin:56px 0 12px}
h3{font-size:16px;font-weight:650;margin:32px 0 8px}
p{margin:0 0 16px;max-width:72ch;overflow-wrap:anywhere}
ul{padding-left:20px;margin:0 0 16px;max-width:72ch}
li{margin:4px 0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
p code,li code,td code,figcaption code{font-size:.88em;background:var(--tint);padding:1px 5px;border-radius:4px}
pre{background:var(--tint);border:1px solid var(--faint);border-radius:8px;padding:14px 16px;overflow-x:auto;
font-size:13.5px;line-height:1.55;margin:0 0 20px}
.aside{border-left:3px solid var(--accent);background:var(--tint);padding:10px 16px;border-radius:0 6px 6px 0;
max-width:none;font-size:15px}
.aside.warning{border-color:var(--warn);background:var(--warnbg)}
figure{margin:20px 0 28px}
figcaption{color:var(--quiet);font-size:14px;line-height:1.5;margin-top:8px;max-width:80ch}
.wide{overflow-x:auto}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:1px;background:var(--faint);
border:1px solid var(--faint);border-radius:10px;overflow:hidden;margin:0 0 28px}
.figures>div{background:var(--paper);padding:16px 18px;display:flex;flex-direction:column;gap:2px}
.figures .name{color:var(--quiet);font-size:13.5px}
.figures .value{font-size:26px;font-weight:600;letter-spacing:-.02em;line-height:1.3;font-variant-numeric:tabular-nums}
.figures .value .interval{font-size:14px;letter-spacing:0;display:inline-block}
.figures .remark{color:var(--quiet);font-size:13.5px;line-height:1.4}
table{border-collapse:collapse;width:100%;font-size:15px;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;color:var(--quiet);font-size:13.5px;border-bottom:1.5px solid var(--quiet);
padding:6px 16px 6px 0;vertical-align:bottom}
td{border-bottom:1px solid var(--faint);padding:8px 16px 8px 0;vertical-align:top}
th.number,td.number{text-align:right;white-space:nowrap}
th:last-child,td:last-child{padding-right:4px}
tr.strong td{font-weight:650}
.interval{color:var(--quiet);font-weight:400;font-size:.9em;white-space:nowrap}
.facts{display:grid;grid-template-columns:minmax(120px,max-content) 1fr;gap:6px 24px;font-size:14.5px;margin:0 0 20px}
.facts dt{color:var(--quiet)}
.facts dd{margin:0;overflow-wrap:anywhere}
svg{display:block;width:100%;height:auto;font-size:12.5px;font-variant-numeric:tabular-nums}
.wide>svg{min-width:560px}
svg text{fill:var(--quiet)}
svg text.name{fill:var(--ink)}
svg text.strong{fill:var(--ink);font-weight:650}
svg .grid{stroke:var(--faint)}
svg .axis{stroke:var(--quiet);stroke-opacity:.6}
svg .mark{stroke:var(--quiet);stroke-dasharray:3 4;stroke-opacity:.7}
svg .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .line.d1{stroke-dasharray:7 5}
svg .line.d2{stroke-dasharray:2 5}
svg .band{fill:var(--c);fill-opacity:.15}
svg .dot{fill:var(--c);fill-opacity:.72}
svg .bar{fill:var(--bar)}
svg .bar.strong{fill:var(--accent)}
svg .whisker{fill:none;stroke:var(--ink);stroke-width:1.4}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 20px;padding:0;margin:0 0 8px;font-size:14px;max-width:none}
.legend li{display:flex;align-items:center;gap:8px;margin:0}
.legend li::before{content:"";width:18px;height:3px;border-radius:2px;background:var(--c)}
.strip{display:flex;flex-wrap:wrap;gap:12px}
.strip figure{margin:0;max-width:100%}
.strip img{display:block;width:100%;image-rendering:pixelated;border-radius:6px;border:1px solid var(--faint)}
.strip .marked img{outline:2.5px solid var(--accent);outline-offset:1px}
.strip figcaption{font-size:13px;margin-top:5px;line-height:1.4}
video{max-width:100%;border-radius:8px;display:block;background:#000;image-rendering:pixelated}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:0 32px;align-items:start}
.columns>div{min-width:0}
details{border:1px solid var(--faint);border-radius:8px;padding:0 16px;margin:0 0 16px}
summary{cursor:pointer;padding:11px 0;font-weight:600;font-size:15px}
details[open] summary{margin-bottom:8px}
@media (max-width:600px){main{padding:32px 16px 64px}h1{font-size:25px}h2{margin-top:40px}
.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:10px}}
@media print{main{max-width:none;padding:0}details{break-inside:avoid}figure{break-inside:avoid}}
"""
)
