//! The look that all pages share: plain HTML, one small style sheet, no scripts.

use axum::response::Html;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = "
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent);--accent:#2563a8}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:0 1.2rem 3rem}
header{display:flex;gap:1.2rem;align-items:baseline;border-bottom:1px solid var(--line);padding:.9rem 0;margin-bottom:1.2rem}
header b{font-size:1.1rem}header .tag{opacity:.6;font-size:.85rem;margin-left:auto}
a{color:var(--accent)}h1{font-size:1.4rem;margin:.4rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;font-size:.85rem;opacity:.75}
form.box{border:1px solid var(--line);border-radius:8px;padding:.9rem;display:grid;gap:.6rem;max-width:32rem;margin:.6rem 0}
form.row{display:inline-flex;gap:.4rem;align-items:center;flex-wrap:wrap}
label{display:grid;gap:.15rem;font-size:.9rem}
input,select,textarea,button{font:inherit;padding:.35rem .5rem;border:1px solid var(--line);border-radius:5px;background:transparent;color:inherit}
option{color:initial}button{background:var(--accent);color:#fff;border-color:transparent;cursor:pointer}
.pill{border:1px solid var(--line);border-radius:99px;padding:.05rem .55rem;font-size:.85rem;white-space:nowrap}
.approved{background:#1a7f3733}.pending,.requested{background:#bf870033}.restricted,.expired,.not_approved{background:#cf222e33}
.quiet{opacity:.65}
";

/// A whole page. `product` names what is simulated, `nav` holds (label, address) pairs.
pub fn page(product: &str, title: &str, nav: &[(&str, &str)], content: &Markup) -> Html<String> {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – " (product) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    b { (product) }
                    @for (label, address) in nav { a href=(address) { (label) } }
                    span.tag { "simulator" }
                }
                h1 { (title) }
                (content)
            }
        }
    };
    Html(markup.into_string())
}

/// A status as a coloured word.
#[must_use]
pub fn pill(status: &str) -> Markup {
    html! { span class={ "pill " (status.to_lowercase()) } { (status) } }
}
