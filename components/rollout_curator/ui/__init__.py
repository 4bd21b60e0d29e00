"""The app: the only room that knows Streamlit, and the server that lets browsers in.

**Who is trusted.** Whoever starts the app: paths, roots, the recipe, the review store and the folder of exports that
are named at its start are opened as they are, and so is what the command line is given. The machine, those who run it,
its Python packages. A proxy in front, at an address of this machine or one given with `--proxy`: that it speaks TLS,
keeps the Host or is named with `--origin`, and sets `X-Forwarded-User`, `-Proto` and `-For` itself.

**Who is not.** The files: rollouts, their texts and names, recipes, chat templates, tokenizers and decisions of others
may come from anyone. Pages of other sites in the browser of a user. Whoever reaches the port without the token. In
shared mode whoever has the token is let in to read, decide and export, and to nothing else on the machine.

**What is defended, and where.**

- Strangers: the app listens on this machine unless told; any other address needs `--shared` or `--behind-proxy`
  (`server`). Only host names it knows are answered, so that no other name can be made to lead here (`guard`). With
  `--shared` the token of the printed link begins a session, in a cookie that scripts cannot read and, where a trusted
  proxy says that the browser speaks TLS, `Secure`; it ends with "Log out", after 12 hours without use or after a week,
  and its websockets with it (`sessions`). Answers to wrong tokens are held back, longer each time (`login_delays`).
- Other sites: a request that tells an origin must come from the app's own, host and port, before Streamlit sees it
  (`origin`); routes ask for a token of the page too (`answers`); every answer carries a policy that lets no other
  site frame it and lets no script run but the app's own (`headers`).
- Who decides: who is signed in, whatever a page or request says (`identity`). With `--shared` each session chooses a
  name once, which ends in "(unverified)" wherever it is written. With `--behind-proxy` it is whom `X-Forwarded-User`,
  or the header named with `--user-header`, names; such headers count from trusted addresses alone, and nobody else is
  answered (`proxies`).
- Hostile text: nothing from data is rendered as markdown or HTML (`text`); the browser is told of nothing to load.
- Paths: whatever a browser sends opens regular files below a root or, in a shared app, beside the sources, with one
  answer for all else (`path_access`, `browser_paths`). Exports go to the folder for exports. Uploads are read as bytes
  of at most 1 MB, never written and never served.
- Hostile templates: a sandbox in a process of its own without this one's memory, 400 MB, 10 seconds a conversation, one
  core a user (`render_queue`, `rendering`).
- The network: the server opens no connection, sends no statistics and fetches no template, model or tokenizer.
- Waiting: the head of a request has 20 seconds, its body 60, an answer that nobody reads 60; of more connections than
  512, or than half of the files the process may open, those that wait give way, and half at most are websockets, with
  messages of at most 32 MB (`connections`, `protocol_errors`).
- What was decided: every decision keeps who made it, when and how, and none is changed afterwards; an undo is another.
- Faults: a page gets a sentence and a number, the log the rest.

**What is not.**

- Without `--shared` every user of this machine can reach the port, and reads and decides as whoever started the app.
  On a machine that others use, start it with `--shared`, also on 127.0.0.1, and name roots.
- There is no TLS here: on a network that others listen to, put a proxy before it. There are no accounts and no rights:
  whoever is let in may do all that the app does. A link that is passed on lets its finder in as long as the app runs.
- With `--behind-proxy` whoever can connect from a trusted address, at first every user of this machine, can say to be
  anybody. Let the proxy stand alone on its machine, or add `--shared`, so that the token is asked for too.
- Users can use up the server: a page over many rollouts, an export, many websockets or very many small messages on one
  take memory and time from all. Whoever reaches the port can slow it by opening connections without end, and stall it
  where the files of the sources take more than half of those the process may open (`ulimit -Hn`).
  A template keeps one core of its user busy for as long as they look at it; users of one address share that core.
- A template can show its reader any text, and one that costs little may be wrong: it decides what a trainer would see.
- Files of whoever can write below a root: what they change while it is read is noticed where it counts (`index`,
  manifests), not prevented. The file system's rights decide who reads exports, indexes and the review store.
- Someone who may use a debugger on the process, or read its memory or its standard output, where the token stands.
"""
