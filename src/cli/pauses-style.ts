/**
 * How the page of pauses looks.
 */

/** The style sheet. */
export const PAGE_STYLE = `
:root { --ink: #1f2933; --faint: #616e7c; --line: #d9e0e7; --paper: #fff; --card: #f5f7fa; --raw: #228be6; --corrected: #e8590c; --warn: #b02a37 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --faint: #9aa8b6; --line: #333e4a; --paper: #14191f; --card: #1d242c; --raw: #4dabf7; --corrected: #ff922b; --warn: #ff8787 } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1140px; margin: 0 auto; padding: 2rem 1.2rem }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .3rem } h2 { font-size: 1.1rem; margin: 2rem 0 .2rem }
.about, .hint, footer, small { color: var(--faint) } .about, .hint { margin: 0; font-size: 13px } .note { color: var(--warn); font-weight: 600 }
code, pre { font: 12px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace } section > p:not(.hint) { max-width: 75ch }
.bar { display: flex; height: 22px; border-radius: 4px; overflow: hidden; gap: 1px; margin-top: 1.4rem } .bar.small { height: 9px; margin: .25rem 0 .1rem; border-radius: 2px; background: var(--line) }
.bar span { min-width: 1px }
.causes { list-style: none; padding: 0; margin: .8rem 0 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: .7rem }
.causes li { background: var(--card); border-top: 4px solid var(--cause); border-radius: 4px; padding: .5rem .8rem .6rem; display: flex; flex-direction: column }
.causes b { font-size: 1.35rem; line-height: 1.3 }
figure { margin: .6rem 0 0 } svg { display: block; width: 100%; height: auto } svg text { fill: var(--faint); font: 11px system-ui, sans-serif }
.grid { stroke: var(--line) } .axis { stroke: var(--faint) } .sure { stroke: var(--faint); stroke-dasharray: 6 4 }
.last { fill: none; stroke: var(--warn); stroke-dasharray: 5 4 } .pause:hover { filter: brightness(1.25) } .step line { stroke: var(--warn); stroke-dasharray: 4 3 } .step text { fill: var(--warn) }
polyline { fill: none; stroke-width: 2.2; stroke-linejoin: round } polyline.raw { stroke: var(--raw) } polyline.corrected { stroke: var(--corrected) }
.key { font-weight: 600 } .key.raw { color: var(--raw) } .key.corrected { color: var(--corrected) }
.wide { overflow-x: auto } .wide svg { min-width: 960px } .wide.late svg { min-width: 440px } table.worst { min-width: 900px } table { border-collapse: collapse; width: 100%; font-size: 13px; margin-top: .5rem }
th { text-align: left; font-weight: 600; color: var(--faint); border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0 }
td { vertical-align: top; border-bottom: 1px solid var(--line); padding: .4rem .6rem .4rem 0 } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap } th.number { text-align: right }
td.number:first-child { padding-right: 1rem } .length, .cause { white-space: nowrap } td i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: .45rem }
td.parts { width: 22% } td.parts small { font-size: 11px; line-height: 1.25; display: block } td.stack { width: 34% } summary { cursor: pointer; overflow-wrap: anywhere } pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0 }
tr:target td { background: var(--card) }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 0 2.5rem }
.chips { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .35rem; margin: .5rem 0 } .chips li { font-size: 12px; padding: .1rem .6rem; border-radius: 1rem; background: var(--card) }
.chips .yes::before { content: '✓ '; color: #12b886 } .chips .no { color: var(--faint); background: none; border: 1px dashed var(--line) } .chips .no::before { content: '– ' }
footer { margin-top: 2.5rem; font-size: 12px; border-top: 1px solid var(--line); padding-top: .6rem }
`;
