namespace Godwit.Report;

internal static class ReportStyle
{
    /// <summary>A wader in flight, drawn with five strokes.</summary>
    public const string Bird = """<svg viewBox="0 0 64 32" width="44" height="22" aria-hidden="true" focusable="false"><path fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" d="M2 11 19 14c4-4 8-4.500 12-1.500C36 6 43 2.500 55 2c-7 4-10 8-13 13.500 8 1.500 14 3 20 2.500-8 4.500-17 7-26 6.500-8-.5-13-4-17-10.500"/></svg>""";

    public static string Icon(string tone) => tone switch
    {
        "good" => """<svg viewBox="0 0 48 48" width="64" height="64" aria-hidden="true"><circle cx="24" cy="24" r="22" fill="currentColor"/><path d="M14 25l7 7 13-15" fill="none" stroke="var(--paper)" stroke-width="4.500" stroke-linecap="round" stroke-linejoin="round"/></svg>""",
        "bad" => """<svg viewBox="0 0 48 48" width="64" height="64" aria-hidden="true"><circle cx="24" cy="24" r="22" fill="currentColor"/><path d="M16 16l16 16M32 16L16 32" fill="none" stroke="var(--paper)" stroke-width="4.500" stroke-linecap="round"/></svg>""",
        "warn" => """<svg viewBox="0 0 48 48" width="64" height="64" aria-hidden="true"><path d="M24 3.500 46 43H2z" fill="currentColor" stroke="currentColor" stroke-width="3" stroke-linejoin="round"/><path d="M24 18v12" stroke="var(--paper)" stroke-width="4.500" stroke-linecap="round"/><circle cx="24" cy="37" r="2.600" fill="var(--paper)"/></svg>""",
        _ => """<svg viewBox="0 0 48 48" width="64" height="64" aria-hidden="true"><circle cx="24" cy="24" r="20.500" fill="none" stroke="currentColor" stroke-width="4"/><path d="M15 24h18" stroke="currentColor" stroke-width="4.500" stroke-linecap="round"/></svg>""",
    };

    public const string Css = """
        :root{--paper:#fff;--ground:#f5f6f4;--ink:#1b2522;--soft:#55625e;--line:#dde2df;--good:#17704a;--good-bg:#e6f4ec;--bad:#b3261e;--bad-bg:#fcebea;--warn:#8a5200;--warn-bg:#fdf2df;--plain:#4a5b66;--plain-bg:#eaeff2;--link:#0b6a73;
        --s0:#7f9aa3;--s1:#5b8a98;--s2:#3d7580;--s3:#b99a5b;--s4:#0f8a8a;--s5:#d07f3c;--s6:#8a6fb0;--s7:#2f6fb3}
        @media (prefers-color-scheme:dark){:root{--paper:#18201e;--ground:#101614;--ink:#e6ece9;--soft:#a3b0ab;--line:#2d3835;--good:#5fd39b;--good-bg:#12301f;--bad:#ff8f86;--bad-bg:#3a1715;--warn:#f2b866;--warn-bg:#352408;--plain:#a9bbc6;--plain-bg:#1d282e;--link:#6fd0d9;
        --s0:#9fb6be;--s1:#79a7b4;--s2:#5a97a3;--s3:#d3b676;--s4:#37b3b3;--s5:#e69a5b;--s6:#a98fd0;--s7:#5f9be0}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
        .top,main,footer{max-width:72rem;margin:0 auto;padding:0 clamp(1rem,4vw,2.5rem)}
        .top{display:flex;align-items:center;justify-content:space-between;padding-top:1.25rem;padding-bottom:1.25rem}
        .mark{display:flex;gap:.7rem;align-items:center;margin:0;font-weight:700;font-size:1.2rem;letter-spacing:.01em;color:var(--link)}
        .kind{margin:0;color:var(--soft)}
        section{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:1.4rem clamp(1rem,3vw,1.8rem);margin:0 0 1.1rem}
        h1{font-size:clamp(1.7rem,4.5vw,2.6rem);line-height:1.12;margin:0 0 .3rem;letter-spacing:-.015em}
        h2{font-size:1.2rem;margin:0 0 .8rem}h3{font-size:1.02rem;margin:1.2rem 0 .4rem}h4{font-size:.95rem;margin:1.1rem 0 .4rem;font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
        p{margin:0 0 .6rem}
        .verdict{display:flex;gap:1.4rem;align-items:center;padding-block:1.9rem;border-width:0;border-left:.5rem solid currentColor}
        .verdict svg{flex:none}.verdict div{color:var(--ink)}.verdict p{margin:0;font-size:1.08rem;color:var(--soft)}
        .good{color:var(--good);background:var(--good-bg)}.bad{color:var(--bad);background:var(--bad-bg)}.warn{color:var(--warn);background:var(--warn-bg)}.plain{color:var(--plain);background:var(--plain-bg)}
        .verdict.good svg,.verdict.bad svg,.verdict.warn svg{--paper:var(--ground)}
        .way{display:flex;gap:1.2rem;align-items:center}.way div{flex:1 1 0;min-width:0}.way code{font-size:1.02rem;overflow-wrap:anywhere}.arrow{font-size:1.6rem;color:var(--soft)}
        .label,dt{display:block;font-size:.78rem;text-transform:uppercase;letter-spacing:.07em;color:var(--soft)}
        .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1px;background:var(--line);border:1px solid var(--line);border-radius:14px;overflow:hidden;margin:0 0 1.1rem}
        .facts div{background:var(--paper);padding:.9rem 1.1rem}dd{margin:0;font-size:1.25rem;font-weight:650;font-variant-numeric:tabular-nums}.facts div:last-child dd{font-size:1rem;line-height:1.9rem}
        code,pre,.v{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
        .bar{display:flex;gap:2px;height:1.1rem;border-radius:.55rem;overflow:hidden}.bar span{min-width:3px;flex-basis:0}
        .s0{background:var(--s0)}.s1{background:var(--s1)}.s2{background:var(--s2)}.s3{background:var(--s3)}.s4{background:var(--s4)}.s5{background:var(--s5)}.s6{background:var(--s6)}.s7{background:var(--s7)}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.35rem 1.4rem;padding:0;margin:.8rem 0 .4rem}.legend b{font-variant-numeric:tabular-nums;font-weight:600}
        .dot{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin-right:.45rem}
        .note,.none{color:var(--soft)}.note{font-size:.9rem;margin:0 0 .4rem}.none{font-style:italic;font-family:system-ui,sans-serif}
        .scroll{overflow-x:auto;margin:0 -.3rem;padding:0 .3rem}.scroll:focus-visible,pre:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:6px}
        table{border-collapse:collapse;width:100%;font-size:.94rem}
        th,td{text-align:left;padding:.5rem .8rem .5rem 0;border-bottom:1px solid var(--line);vertical-align:top}
        thead th{font-size:.78rem;text-transform:uppercase;letter-spacing:.06em;color:var(--soft);font-weight:600;white-space:nowrap}
        tbody th{font-weight:600}tbody tr:last-child>*{border-bottom:0}tfoot th,tfoot td{border-top:2px solid var(--line);border-bottom:0;font-weight:650}
        .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}th.n{text-align:right}
        .v{white-space:break-spaces;overflow-wrap:anywhere;min-width:9rem;max-width:34rem}
        td.hot,tr.hot td{color:var(--bad);font-weight:600}
        .mark-good{color:var(--good);white-space:nowrap}.mark-bad{color:var(--bad);font-weight:650;white-space:nowrap}.mark-plain{color:var(--soft);white-space:nowrap}
        details{border-top:1px solid var(--line);padding:.55rem 0}section>details:first-of-type{border-top:0}summary{cursor:pointer;padding:.25rem 0}
        summary b{margin-right:.3rem}
        .pill{display:inline-block;border-radius:1rem;padding:.1rem .75rem;font-weight:600;font-size:.9rem}
        .findings{list-style:none;padding:0;margin:.6rem 0 .2rem;display:grid;gap:.7rem}.findings li{background:none;border-left:4px solid currentColor;padding:.1rem 0 .1rem 1rem}
        .findings li p{color:var(--ink);margin:0 0 .2rem;overflow-wrap:anywhere}.findings code{color:var(--soft);margin-left:.3rem}
        .findings .hint{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.88rem}.hint span{color:var(--soft)}
        pre{background:var(--ground);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;overflow-x:auto;margin:.2rem 0 1rem;white-space:pre-wrap;overflow-wrap:anywhere}
        .object{padding:.3rem 0 .3rem 1rem}.how{margin:.2rem 0 .6rem;padding-left:1.2rem;font-size:.92rem;overflow-wrap:anywhere}.sides{display:grid;grid-template-columns:1fr 1fr;gap:1rem}.sides>div{min-width:0}
        @media (max-width:50rem){.sides{grid-template-columns:1fr;gap:0}}
        .why{margin:.9rem 0 .2rem;font-size:.94rem}
        footer{color:var(--soft);font-size:.88rem;padding-bottom:2.5rem}
        @media (max-width:40rem){.way{flex-direction:column;align-items:stretch;gap:.4rem}.way div{flex:none}.arrow{transform:rotate(90deg);align-self:flex-start}.verdict{gap:1rem;align-items:flex-start}.verdict svg{width:44px;height:44px}.facts{grid-template-columns:1fr 1fr}}
        @media print{:root{color-scheme:light}body{background:#fff;font-size:11pt}section,.facts{break-inside:auto;border-radius:0}.verdict{break-inside:avoid}tr,li,h2,h3,h4{break-inside:avoid}h2,h3,h4{break-after:avoid}.scroll{overflow:visible}details::details-content{content-visibility:visible;display:block}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
        """;
}
