/* SPDX-License-Identifier: GPL-2.0-or-later */
/* style.h - the style sheet of HTML reports. Only report/html.c includes this. */
#ifndef VTSCOPE_REPORT_STYLE_H
#define VTSCOPE_REPORT_STYLE_H

/*
 * No font is named that a machine may not have; colours are variables, so that dark mode is
 * one block.
 */
static const char report_style[] =
	":root{--bg:#fff;--ink:#1c1c1c;--faint:#666;--line:#d8d8d8;--band:#f6f6f6;--yes:#00664a;--no:#a33600;--maybe:#5a5a5a}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#111;--ink:#e6e6e6;--faint:#a0a0a0;--line:#3a3a3a;--band:#1b1b1b;"
	"--yes:#4fd1a5;--no:#ff9d66;--maybe:#b0b0b0}.ink{filter:invert(1) hue-rotate(180deg)}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:76rem;padding:1.5rem "
	"clamp(.8rem,3vw,2.5rem);background:var(--bg);color:var(--ink);"
	"font:16px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.3rem;margin:0;font-weight:600}\n"
	"h2{font-size:1.25rem;margin:2.6rem 0 .6rem;font-weight:600;line-height:1.3}\n"
	"p{max-width:46rem;margin:.5rem 0}\n"
	".subtitle,figcaption,caption,footer,small{color:var(--faint)}\n"
	".subtitle,footer{font-size:.9rem;overflow-wrap:anywhere}\n"
	".verdict{border:1px solid var(--line);border-left:6px solid "
	"var(--maybe);border-radius:6px;padding:1rem 1.4rem;"
	"margin:1.2rem 0;background:var(--band)}\n"
	".verdict.yes{border-left-color:var(--yes)}.verdict.no{border-left-color:var(--no)}\n"
	".verdict h2{margin:0 0 .6rem;font-size:1.5rem}\n"
	".verdict table{border:0;background:none}\n"
	".verdict td,.verdict th{border:0;max-width:none;padding:.12rem .9rem .12rem "
	"0;font-size:1rem;white-space:normal;overflow-wrap:anywhere}\n"
	".verdict .sign{white-space:nowrap;color:var(--maybe)}.verdict "
	".sign.yes{color:var(--yes)}.verdict .sign.no{color:var(--no)}\n"
	".verdict th{font-weight:400;color:var(--faint);white-space:nowrap}\n"
	".next{margin-top:.7rem;font-weight:600}\n"
	".warning{border-left:4px solid var(--no);padding:.3rem .9rem;background:var(--band)}\n"
	"@media(max-width:36rem){.verdict{padding:.8rem 1rem}.verdict "
	"h2{font-size:1.3rem}.verdict tr{display:grid;"
	"grid-template-columns:1.4rem 1fr;padding-bottom:.5rem}.verdict "
	"td:last-child{grid-column:1/-1}}\n"
	".scroll{overflow-x:auto;margin:.8rem 0 1.4rem;max-width:100%}\n"
	"table{border-collapse:collapse;font-size:.86rem;line-height:1.35;font-variant-numeric:tabular-nums}\n"
	"caption{text-align:left;padding:.2rem 0 .4rem;font-size:.86rem}\n"
	/* Of a table that is wider than the window the caption stays in it, and does not scroll away. */
	"caption span{display:block;position:sticky;left:0;max-width:calc(100vw - 2*clamp(.8rem,3vw,2.5rem));"
	"overflow-wrap:anywhere}\n"
	"th,td{text-align:left;vertical-align:top;padding:.26rem .8rem .26rem 0;border-bottom:1px "
	"solid var(--line);font-weight:400;"
	"max-width:34rem;overflow-wrap:break-word}\n"
	"thead th{color:var(--faint);vertical-align:bottom;border-bottom:1px solid var(--faint)}\n"
	"tbody th{white-space:nowrap;overflow-wrap:normal}\n"
	".t{white-space:nowrap}.n{text-align:right;white-space:nowrap}thead "
	".n{white-space:normal}\n"
	".n small{display:block}.m{color:var(--faint)}\n"
	"details{margin:.8rem 0}summary{cursor:pointer;font-size:.92rem;padding:.2rem 0;overflow-wrap:anywhere}\n"
	"figure{margin:.8rem 0 1.6rem}\n"
	"figcaption{font-size:.86rem;max-width:60rem;margin-top:.5rem}\n"
	"figure .scroll img{max-width:none}\n"
	"@media(min-width:62rem){figure .scroll img{width:100%;height:auto;max-width:60rem}}\n"
	".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19.5rem),1fr));gap:.6rem 1rem}\n"
	".grid img{width:100%;height:auto;max-width:24rem}\n"
	".legend{list-style:none;padding:0;margin:.4rem 0 "
	".8rem;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;font-size:.92rem}\n"
	".legend span{display:inline-block;width:1.1em}\n"
	"footer{margin-top:3rem;border-top:1px solid var(--line)}\n"
	"@page wide{size:A4 landscape;margin:10mm}\n"
	"@media print{body{max-width:none;padding:0;font-size:10pt}.scroll{overflow:visible}"
	"figure .scroll img,.grid img{width:100%;height:auto}.grid{grid-template-columns:1fr 1fr}"
	"caption span{max-width:none}h2{break-after:avoid}img,tr,.verdict{break-inside:avoid}"
	"table{font-size:7pt}th,td{padding-right:.3rem}.t,tbody th,.n small{white-space:normal}"
	".wide{page:wide}.wide table{font-size:6pt}.wide td:last-child{min-width:9rem}}\n";

#endif
