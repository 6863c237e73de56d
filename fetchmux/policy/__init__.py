"""Rules that answer single questions: pace, back-off, redirects, proxies. Pure, with an injected clock."""
