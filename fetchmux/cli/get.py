"""The command `get`: its options, and the order in which the process gets ready.

Knows how the options are spelled. Imports nothing that gevent would have to replace: the strategy prepares the process
as soon as the options are read, and only then the rest is imported.
"""

from __future__ import annotations

from typing import Any

import click

from fetchmux.backends import registry
from fetchmux.cli import candidates, options
from fetchmux.cli.config import Config
from fetchmux.cli.given import FORMATS, SHOWN, Given
from fetchmux.cli.signals import Interruption

_EPILOG = """\b
Exit status:
  0    all inputs were fetched
  1    some failed, or the output could not be written
  2    wrong usage; nothing was fetched
  130  interrupted by Ctrl-C (143: by SIGTERM); what was done is written
  The first interrupt lets what is in flight end, the second cancels it.
  A reader that closes the pipe ends the run quietly: 1 if something had failed by then, else 0.
"""


class _Get(click.Command):
    """The command. Click would take the word after a bare `--resume` for its value, which may be a URL."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = args.index("--") if "--" in args else len(args)
        spelled = ["--resume=all" if word == "--resume" else word for word in args[:options]]
        return super().parse_args(ctx, spelled + args[options:])


# Options in the order in which help shows them: what to fetch, how to ask, the limits, the results, what is told.
# fmt: off
@click.command(cls=_Get, epilog=_EPILOG, context_settings={"show_default": True})
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("-b", "--backend", default=registry.default(), metavar="NAME",
              shell_complete=candidates.backends,
              help="The strategy, or a peer; `fetchmux backends` lists them.")
@click.option("-i", "--input", "inputs", multiple=True, metavar="FILE", shell_complete=candidates.files,
              help="Read a URL, a key or a JSON object from each line; - is standard input.")
@click.option("--search", metavar="ENGINE", shell_complete=candidates.engines,
              help="Targets are search keys for this engine.")
@click.option("--template", metavar="URL", help="Targets are keys for this URL, which holds {key}.")
@click.option("-g", "--globoff", is_flag=True, help="In targets, {a,b} and [1-9] stand for themselves.")
@click.option("--column", type=options.column, metavar="N|NAME",
              help="The input is this field of each line, between tabs or as in CSV; names are in the first line.")
@click.option("--unique", is_flag=True, help="Drop inputs that ask for the same again.")
@click.option("-c", "--concurrency", type=click.IntRange(min=1), default=64, metavar="N",
              help="Most requests in flight at once.")
@click.option("--processes", type=click.IntRange(min=1), default=1, metavar="N",
              help="Fetch in so many processes, each with its share of the list and of the limits.")
@click.option("-X", "--request", type=options.method, metavar="METHOD", help="The method.  [default: GET]")
@click.option("-H", "--header", type=options.header, multiple=True, metavar="FIELD",
              help="'Name: value', 'Name:' to send none, 'Name;' to send it empty, @FILE for one a line.")
@click.option("-d", "--data", type=options.data, multiple=True, metavar="DATA",
              help="POST this as a form; repeated, it is joined by &. @FILE loses its line ends.")
@click.option("--data-binary", type=options.data_binary, multiple=True, metavar="DATA",
              help="Like --data, but @FILE is sent as it is.")
@click.option("-I", "--head", is_flag=True, help="Ask for the head only.")
@click.option("-A", "--user-agent", type=options.user_agent, metavar="TEXT", help="Send this as User-Agent.")
@click.option("--keep-alive/--no-keep-alive", default=True, help="Use a connection for more than one request.")
@click.option("--compressed", is_flag=True, help="Offer content codings (gzip and the like) and decode them.")
@click.option("--timeout", type=options.duration, default="60s", metavar="TIME",
              help="For one attempt, whole: 10, 2.5s, 500ms, 2m.")
@click.option("--connect-timeout", type=options.duration, default="10s", metavar="TIME",
              help="For name, connection and handshakes.")
@click.option("--idle-timeout", type=options.duration, default="30s", metavar="TIME",
              help="Longest silence of a connected server.")
@click.option("--deadline", type=options.duration, metavar="TIME", help="For the whole run.")
@click.option("--grace", type=options.delay, default="5s", metavar="TIME",
              help="How long a run that is stopped lets what is in flight go on.")
@click.option("--max-failures", type=options.failures, metavar="N|N%",
              help="Stop when more have failed, or a larger share of at least 100.")
@click.option("--max-body", type=options.size, metavar="SIZE", help="Larger bodies fail: 1024, 64K, 10M, 1G.")
@click.option("--max-head", type=options.size, default="300K", metavar="SIZE", help="Larger heads fail.")
@click.option("--http", type=click.Choice(["1.0", "1.1"]), default="1.0", help="The version that requests claim.")
@click.option("--follow/--no-follow", default=True, help="Go where redirects lead.")
@click.option("--max-redirects", type=click.IntRange(min=0), default=10, metavar="N", help="For one input.")
@click.option("--retries", type=click.IntRange(min=0), default=2, metavar="N",
              help="Further attempts after lost connections, timeouts, 408, 429 and 5xx that may pass.")
@click.option("--retry-all", is_flag=True, help="Retry POST and the like, too.")
@click.option("--retry-max-time", type=options.duration, metavar="TIME", help="No attempt begins later than this.")
@click.option("--per-host", type=click.IntRange(min=1), metavar="N", help="Most requests in flight to one host.")
@click.option("--rate", type=options.rate, metavar="N/s", help="Requests a second, all hosts together.")
@click.option("--rate-per-host", type=options.rate, metavar="N/s", help="Requests a second to one host.")
@click.option("-4", "--ipv4", is_flag=True, help="Use IPv4 addresses only.")
@click.option("-6", "--ipv6", is_flag=True, help="Use IPv6 addresses only.")
@click.option("--resolve", type=options.fixed_address, multiple=True, metavar="HOST:PORT:ADDR",
              help="The address of a name, instead of looking it up.")
@click.option("--no-private", is_flag=True, help="Refuse loopback, private and link-local addresses.")
@click.option("--unix-socket", type=options.unix_socket, metavar="PATH", shell_complete=candidates.files,
              help="Connect to this, whatever the host.")
@click.option("-x", "--proxy", metavar="URL",
              help="http://, socks5:// or socks5h://; '' for none.  [default: http_proxy and its kin]")
@click.option("--cacert", metavar="FILE", shell_complete=candidates.files,
              help="Trust these certificates instead of the system's.")
@click.option("-E", "--cert", metavar="FILE", shell_complete=candidates.files, help="Our own certificate.")
@click.option("--key", metavar="FILE", shell_complete=candidates.files,
              help="Its key, where it is not in the same file.")
@click.option("-k", "--insecure", is_flag=True, help="Take any certificate.")
@click.option("--tls-min", type=click.Choice(["1.0", "1.1", "1.2", "1.3"]), default="1.2", help="The oldest TLS.")
@click.option("--netrc", is_flag=True, help="Take logins from ~/.netrc.")
@click.option("--netrc-file", metavar="FILE", shell_complete=candidates.files, help="Take logins from this file.")
@click.option("--format", type=click.Choice(FORMATS),
              help="How results are written.  [default: table on a terminal, else jsonl]")
@click.option("-w", "--write-out", type=options.write_out, metavar="TEXT",
              help="Write this for each result: '{status} {url} {timings.total}\\n'.")
@click.option("--body", type=click.Choice(SHOWN), default="none", help="What of the body a record holds.")
@click.option("-o", "--output", metavar="FILE", shell_complete=candidates.files,
              help="Write the results there and not to standard output.")
@click.option("--save-dir", metavar="DIR", shell_complete=candidates.directories,
              help="Save each body in a file there; nothing is ever overwritten.")
@click.option("--name", type=options.name, metavar="TEMPLATE",
              help="What a saved file is called: {index} {id} {scheme} {host} {port} {path} {dir} {stem} {ext} {query}"
                   " {hash}.  [default: {host}/{path}]")
@click.option("--etag", is_flag=True, help="Fetch what was saved before only if its server says that it has changed.")
@click.option("--keep-partial", is_flag=True, help="Keep what came of a body that never became whole, as .part.")
@click.option("--on-save-error", type=click.Choice(["continue", "stop"]), default="continue",
              help="What a full disk means for the rest.")
@click.option("--har", metavar="FILE", shell_complete=candidates.files,
              help="Write requests and replies there, too, for browsers' network panels.")
@click.option("--warc", metavar="FILE", shell_complete=candidates.files,
              help="Write requests and replies there, too, as web archives keep them.")
@click.option("--journal", metavar="FILE", shell_complete=candidates.files,
              help="Note there what has ended, so that a later run can go on.")
@click.option("--resume", type=click.Choice(["all", "failed", "missing"]), metavar="[=failed|missing]",
              help="Go on where the journal ends: what failed, what is missing, or both.")
@click.option("--ordered", is_flag=True, help="Write results in the order of the inputs.")
@click.option("--fail", is_flag=True, help="A status of 400 or more counts as failed.")
@click.option("--expect-status", type=options.statuses, metavar="N[-N],...",
              help="Any other status counts as failed: 200-299,304.")
@click.option("--expect-sha256", type=options.sha256, metavar="HEX",
              help="Of the one URL's body; any other counts as failed.")
@click.option("--dry-run", is_flag=True, help="Print the heads of the requests, secrets masked, and send nothing.")
@click.option("--progress", type=click.Choice(["bar", "plain", "off"]),
              help="A live line, a line every few seconds, or none.  [default: bar on a terminal, else off]")
@click.option("--summary", metavar="FILE", shell_complete=candidates.files,
              help="Write there as JSON what the run came to.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no notices, no summary.")
@click.option("-v", "--verbose", is_flag=True, help="Tell of each failure as it happens.")
@click.pass_context
def get(context: click.Context, /, **given: Any) -> int:
    """Fetch URLs, or search keys with --search or --template.

    A TARGET of -, or none and a pipe on standard input, reads a list from there; the first request leaves before the
    list ends. There is one result for each input, failures included.
    """
    config = context.find_object(Config)
    if config is not None:
        given.update(engines=config.engines, defaults=config.told(context))
    wanted = Given(**given)
    wanted.check()
    with Interruption() as interruption:
        if wanted.dry_run:
            from fetchmux.cli.dry import dry_run

            return dry_run(wanted)
        if wanted.processes == 1:
            registry.prepare(registry.find(wanted.backend))

        from fetchmux.cli.run import Run

        return Run(wanted).work(interruption)
