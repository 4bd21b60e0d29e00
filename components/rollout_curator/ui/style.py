"""The little CSS that Streamlit's theme cannot say: less empty space, tabular figures, a funnel on one line.

All of it is literal text; nothing from data ever stands in it.
"""

import streamlit as st

CSS = """<style>
:root { color-scheme: light dark; }
.stMainBlockContainer { padding: 4rem 1rem 2rem; max-width: none; }
.stApp { font-variant-numeric: tabular-nums; }
.stMainBlockContainer > [data-testid="stVerticalBlock"] { gap: .7rem; }
[data-testid="stElementContainer"]:has(> [data-testid="stHtml"]) { display: none; }
h3 { padding: .6rem 0 .3rem !important; }
@media (max-width: 1150px) {
  :is(.st-key-plots, .st-key-more-plots) [data-testid="stColumn"] { min-width: 100%; } }
[class*="st-key-heading-"] { margin-top: .5rem; }
[class*="st-key-heading-"] p, [class*="st-key-heading-"] :is(
  [data-testid="stMarkdownContainer"], [data-testid="stCaptionContainer"]) { margin: 0; }
[data-testid="stPlotlyChart"] :is(.xtick, .ytick, .g-xtitle, .g-ytitle, .annotation) text {
  fill: light-dark(#566364, #9aa7a8) !important; }
@media (max-width: 1000px) { .st-key-findings [data-testid="stColumn"] { min-width: 100%; } }

.st-key-header { position: fixed; top: .8rem; right: 1rem; z-index: 999991; width: auto !important; max-width: 52vw;
  flex-wrap: nowrap !important; justify-content: flex-end; }
.st-key-header p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; max-width: 26vw; margin: 0;
  font-size: .9rem; }
.st-key-header button { min-height: 2rem; padding: 0 .4rem; }
.st-key-header [data-testid="stPageLink"] a { padding: 0 .3rem; min-height: 0; background: transparent; }
.st-key-header [data-testid="stPageLink"] a p { font-weight: 400; }
.st-key-continue { align-items: center !important; }
.st-key-continue p, .st-key-continue [data-testid="stMarkdownContainer"] { margin: 0; }
:is(.st-key-next-page, .st-key-review-this) [data-testid="stPageLink"] a {
  padding: 0; margin: 0; min-height: 0; background: transparent; }
:is(.st-key-next-page, .st-key-review-this) [data-testid="stPageLink"] a p {
  font-weight: 400; text-decoration: underline; text-underline-offset: 3px; }

[data-testid="stLayoutWrapper"]:has(> .st-key-funnel) { position: sticky; top: 3.5rem; z-index: 99;
  background: var(--st-background-color, inherit); }
.st-key-funnel { border-bottom: 1px solid var(--st-border-color, rgba(128, 128, 128, .3)); padding: .15rem 0 .3rem;
  flex-wrap: wrap; gap: 0 !important; row-gap: 0 !important; align-items: baseline !important; }
.st-key-funnel > *, .st-key-outside > * { margin: 0 !important; flex-direction: row; display: flex;
  align-items: baseline; }
.st-key-funnel p, .st-key-outside p { margin: 0; line-height: 1.5; white-space: nowrap; }
.st-key-funnel [data-testid="stPageLink"] a, .st-key-outside [data-testid="stPageLink"] a {
  padding: 0 .3rem; margin: 0; min-height: 0; background: transparent; line-height: 1.5; border-radius: .2rem; }
.st-key-funnel [data-testid="stPageLink"] a span, .st-key-funnel [data-testid="stPageLink"] a p,
.st-key-outside [data-testid="stPageLink"] a p { font-weight: 400; }
.st-key-funnel [data-testid="stPageLink"] a strong, .st-key-outside [data-testid="stPageLink"] a strong {
  font-weight: 650; }
.st-key-funnel > :first-child [data-testid="stPageLink"] a { padding-left: 0; }
.st-key-funnel > :not(:first-child):not(:last-child)::before { content: "\\203A"; opacity: .5; padding: 0 .15rem; }
.st-key-funnel > :last-child { margin-left: auto !important; }
.st-key-funnel > :nth-last-child(2) p { font-weight: 650 !important; }
.st-key-funnel > :last-child button { min-height: 1.6rem; padding: 0 .2rem; }
.st-key-outside { opacity: .85; }
.st-key-funnel [data-testid="stPageLink"] a:hover p, .st-key-outside [data-testid="stPageLink"] a:hover p {
  text-decoration: underline; text-underline-offset: 3px; }
.st-key-outside > :nth-child(n+2):not(:last-child)::after { content: ","; margin: 0 .15rem 0 -.3rem; }
:is(.st-key-funnel-list, .st-key-drop-list) [data-testid="stPageLink"] a {
  padding: .15rem 0; margin: 0; min-height: 0; background: transparent; border-radius: 0; }
:is(.st-key-funnel-list, .st-key-drop-list) [data-testid="stPageLink"] a p { font-weight: 400; margin: 0; }
:is(.st-key-funnel-list, .st-key-drop-list) [data-testid="stPageLink"] a strong {
  display: inline-block; min-width: 3.6rem; padding-right: .5rem; text-align: right; font-weight: 650; }
:is(.st-key-funnel-list, .st-key-drop-list) [data-testid="stPageLink"] a:hover p {
  text-decoration: underline; text-underline-offset: 3px; }
:is(.st-key-funnel-list, .st-key-drop-list) > * { min-height: 1.5rem; }
:is(.st-key-funnel-list, .st-key-drop-list) > :last-child {
  margin-top: .4rem; padding-top: .2rem; min-height: 1.9rem; width: 100% !important;
  border-top: 1px solid var(--st-border-color, rgba(128, 128, 128, .3)); }

body:has(.st-key-review-bar):has([data-test-connection-state="PINGING_SERVER"]) [data-testid="stDialog"] {
  display: none; }
[data-testid="stCaptionContainer"] { opacity: 1; color: light-dark(#566364, #9aa7a8); }
.stApp :is([data-testid="stPopoverButton"], [data-testid="stBaseButton-tertiary"]):is(
  :hover, :focus, :active, [aria-expanded="true"]):enabled { color: light-dark(#0f6b68, #6cc7c0) !important; }
[data-testid="stBaseButton-primary"]:enabled, [data-testid="stBaseButton-primary"]:enabled p {
  color: light-dark(#fff, #0c1415); }
[data-testid="stCheckbox"] label, [data-testid="stCheckbox"] label * { white-space: normal; overflow: visible; }
[data-testid="stPagination"] { justify-content: flex-start !important; }
[data-testid="stCode"] pre { overflow-x: hidden; }
[data-testid="stCode"] code { white-space: pre-wrap !important; overflow-wrap: anywhere; }
#stFloatingOverlayPortal [role="tooltip"], [data-testid="stTooltipContent"] { pointer-events: none; }

.st-key-outside p { font-size: .93rem; }
.st-key-outside { margin-top: -.4rem; align-items: baseline !important; }
.st-key-threshold-bar, .st-key-review-bar { align-items: center !important; row-gap: .2rem !important; }
.st-key-threshold-bar p, .st-key-review-bar p { margin: 0; }
.stMainBlockContainer:has(.st-key-review-bar) { padding-top: 3.5rem; }
.stMainBlockContainer:has(.st-key-review-bar) > [data-testid="stVerticalBlock"] { gap: .2rem; }
.st-key-review-bar { flex-wrap: nowrap !important; min-height: 2.2rem; }
.st-key-review-bar > * { flex: none; }
.st-key-review-bar [data-testid="stCheckbox"] label { align-items: center; }
.st-key-review-bar button, .st-key-review-bar [data-testid="stSelectbox"] [role="group"] {
  min-height: 2rem; height: 2rem; }
.st-key-review-bar > :has(.st-key-bound) { flex: 1 1 0; min-width: 0; width: auto !important; }
.st-key-review-bar > :has([data-testid="stSelectbox"]) { flex: 0 1 240px; min-width: 7rem; width: auto !important; }
.st-key-bound [data-testid="stPopover"] button {
  min-height: 1.4rem; height: auto; padding: 0; justify-content: flex-start; }
.st-key-bound [data-testid="stPopover"] p { font-size: .87rem; line-height: 1.2; text-align: left; }
.st-key-bound [data-testid="stProgressBarTrack"] { height: 4px; background: light-dark(#dfe6e6, #2c3738); }
.st-key-statement { gap: .4rem !important; min-width: min(38rem, 90vw); }
@media (max-width: 1150px) { .st-key-bound [data-testid="stPopover"] p { font-size: .76rem; }
  .st-key-review-bar > :has([data-testid="stSelectbox"]) { flex-basis: 180px; } }
.st-key-review-bar [data-testid="stMarkdownContainer"], .st-key-threshold-bar [data-testid="stMarkdownContainer"],
.st-key-funnel [data-testid="stMarkdownContainer"], .st-key-outside [data-testid="stMarkdownContainer"] {
  margin: 0; }
.st-key-review-bar > * > [data-testid="stMarkdown"] p { font-size: .93rem; opacity: .75; }
.st-key-picker { --picker-title: none; min-height: 17rem; }
.st-key-filters { min-height: 2.6rem; align-items: center !important; }
:is(.st-key-filters, .st-key-scales) [data-testid="stMarkdownContainer"] { margin: 0; }
@media (min-width: 1100px) {
  .st-key-picker { --picker-lift: 3.1rem; }
  .st-key-filters { padding-right: 34rem; } }
body[data-rc-picking] .st-key-funnel { opacity: .45; }
.st-key-scales { align-items: center !important; }
.st-key-scales p { margin: 0; }
.st-key-compared [data-testid="stMarkdownContainer"], .st-key-compared [data-testid="stCaptionContainer"] {
  margin: 0; }
.st-key-compared p { margin: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
@media (max-width: 1150px) { .st-key-compared p { white-space: normal; } }
.st-key-compared [data-testid="stHorizontalBlock"] { min-height: 2rem; align-items: center; gap: .6rem; }
.st-key-compared > * + * { border-top: 1px solid var(--st-border-color, rgba(128, 128, 128, .2)); }
.st-key-compared button { min-height: 1.7rem; padding: 0 .2rem; }
.st-key-compared button p { text-decoration: underline; text-underline-offset: 3px; }
.st-key-opened p, .st-key-filters p, .st-key-panels-bar p { margin: 0; font-size: .93rem; }
.st-key-opened [data-testid="stMarkdownContainer"],
.st-key-panels-bar [data-testid="stMarkdownContainer"] { margin: 0; }
[class*="st-key-step-"] [data-testid="stPageLink"] a, .st-key-opened [data-testid="stPageLink"] a {
  padding: 0 .2rem; margin: 0; min-height: 0; background: transparent; }
[class*="st-key-step-"] [data-testid="stPageLink"] a p, .st-key-opened [data-testid="stPageLink"] a p {
  text-decoration: underline; text-underline-offset: 3px; }
[class*="st-key-step-"] { width: auto !important; }
[class*="st-key-step-"] button { border-radius: 1rem; min-height: 1.9rem; padding: 0 .7rem; }
[class*="st-key-step-"] button p { font-size: .93rem; }
.st-key-statement p, .st-key-findings p, .st-key-bulk-done p { margin: 0; }
.st-key-findings { gap: .5rem !important; padding-top: .5rem; }
.st-key-bulk-reject button:enabled { background: #b3261e; border-color: #b3261e; }
.st-key-bulk-reject button:enabled p { color: #fff !important; }
.st-key-findings [data-testid="stMarkdownContainer"], .st-key-findings [data-testid="stCaptionContainer"],
.st-key-bulk-done [data-testid="stMarkdownContainer"], .st-key-statement [data-testid="stCaptionContainer"],
.st-key-statement [data-testid="stMarkdownContainer"] {
  margin: 0; }
.st-key-goal, .st-key-precision, .st-key-disagreements, .st-key-bulk-done {
  align-items: center !important; row-gap: .2rem !important; }
:is(.st-key-findings, .st-key-statement) [data-testid="stPageLink"] a {
  padding: 0 .1rem; margin: 0; min-height: 0; background: transparent; }
:is(.st-key-findings, .st-key-statement) [data-testid="stPageLink"] a p {
  font-weight: 400; text-decoration: underline; text-underline-offset: 3px; }
.st-key-findings [data-testid="stPageLink"] a strong { font-weight: 650; }
.st-key-rules { margin-top: -.5rem; }
.st-key-rules p { margin: 0; font-size: .93rem; line-height: 1.5; }
.st-key-rules [data-testid="stMarkdownContainer"], .st-key-rules [data-testid="stCaptionContainer"] { margin: 0; }
.st-key-rules [class*="st-key-rule-"] { gap: .3rem !important; min-height: 1.7rem; }
.st-key-rules [data-testid="stPageLink"] a { padding: 0 .1rem; margin: 0; min-height: 0; background: transparent; }
.st-key-rules [data-testid="stPageLink"] a p { font-weight: 400; }
.st-key-rules [data-testid="stPageLink"] a strong { font-weight: 650; }
.st-key-rules [data-testid="stPageLink"] a:hover p { text-decoration: underline; text-underline-offset: 3px; }
.st-key-rules button { min-height: 1.7rem; padding-top: 0; padding-bottom: 0; }
.st-key-rules [class*="st-key-rule-"] button p { text-decoration: underline; text-underline-offset: 3px; opacity: .75; }
[class*="st-key-hazards-"] [data-testid="stPageLink"] a {
  padding: .1rem 0; margin: 0; min-height: 0; background: transparent; border-radius: 0; }
[class*="st-key-hazards-"] [data-testid="stPageLink"] a p { font-weight: 400; margin: 0; white-space: normal;
  padding-left: 3rem; text-indent: -3rem; }
[class*="st-key-hazards-"] p strong { text-indent: 0; }
[class*="st-key-hazards-"] [data-testid="stPageLink"] a * { overflow: visible; }
[class*="st-key-hazards-"] [data-testid="stPageLink"] a strong, [class*="st-key-hazards-"] p strong {
  display: inline-block; min-width: 2.6rem; padding-right: .4rem; text-align: right; font-weight: 650; }
[class*="st-key-hazards-"] [data-testid="stPageLink"] a:hover p {
  text-decoration: underline; text-underline-offset: 3px; }
[class*="st-key-hazards-"] [data-testid="stMarkdownContainer"] p { margin: 0; }
[class*="st-key-hazards-"] button { min-height: 1.7rem; padding-top: 0; padding-bottom: 0; }
[class*="st-key-hazards-"] [data-testid="stHorizontalBlock"] { min-height: 2rem; gap: .5rem; padding: .15rem 0; }
[class*="st-key-hazards-"] [data-testid="stColumn"] [data-testid="stVerticalBlock"] { gap: .3rem; }
@media (max-width: 1150px) {
  [class*="st-key-hazards-"] [data-testid="stHorizontalBlock"] { flex-wrap: wrap; row-gap: 0; margin-bottom: .5rem; }
  [class*="st-key-hazards-"] [data-testid="stColumn"] { min-width: 100%; } }
.st-key-says li { font-size: .95rem; margin-bottom: .35rem; }
@media (max-width: 1150px) {
  :is(.st-key-export-main, .st-key-export-more) > * > * > [data-testid="stColumn"],
  .st-key-export-row [data-testid="stColumn"] { min-width: 100%; }
  .st-key-export-top [data-testid="stColumn"] { min-width: 30%; } }
[data-testid="stPopoverBody"]:has([class*="st-key-rc-option-"]) { min-width: min(44rem, 94vw); }
.st-key-export-top button[role="radio"] { min-height: 2.25rem; }
.st-key-export-more { gap: .7rem !important; }
.st-key-export-main h3 { padding-top: 0 !important; }
.st-key-export-main p, .st-key-verdict p { margin: 0; }
:is(.st-key-verdict, .st-key-beside, .st-key-export-choices, .st-key-export-questions, [class*="st-key-box-"])
  :is([data-testid="stMarkdownContainer"], [data-testid="stCaptionContainer"]) { margin: 0; }
[class*="st-key-rc-rollouts-"] [data-testid="stElementToolbarButton"]:has([aria-label^="Download as CSV"]) {
  display: none; }
[class*="st-key-folded-"] { row-gap: 0 !important; }
[class*="st-key-folded-"] p, .st-key-beside p { margin: 0; }
[class*="st-key-folded-"] button { min-height: 1.7rem; padding: 0 .2rem; }
[class*="st-key-folded-"] button p { text-decoration: underline; text-underline-offset: 3px; }
[class*="st-key-box-"] { min-height: 1.9rem; }
.st-key-result [data-testid="stCode"] * { opacity: 1 !important; visibility: visible !important; }
.st-key-result [data-testid="stVerticalBlock"], .st-key-result { gap: .2rem !important; }
.st-key-result pre { padding: .45rem .7rem !important; }
.st-key-result code { white-space: pre-wrap; overflow-wrap: anywhere; }
</style>"""


def style() -> None:
    """Put the CSS on the page."""
    st.html(CSS)
