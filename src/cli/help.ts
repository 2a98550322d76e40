/**
 * What `--help` says.
 */

/** The help of the program. */
export const HELP = `truechimer: know the time, and how wrong it may be

Usage: truechimer <command> [options]

Commands
  doctor           how far can this machine's clock be trusted?
  pauses           when does a program not run, for how long, and why?

Options
  -h, --help       show this
  -v, --version    show the version

Try 'truechimer doctor', or 'truechimer pauses -- node app.js'; each of them has --help.
`;

/** The help of the doctor. */
export const DOCTOR_HELP = `truechimer doctor: how far can this machine's clock be trusted?

Usage: truechimer doctor [--server HOST[:PORT]]... [options]

Asks NTP servers for a few seconds and reports an interval that contains the offset of the wall
clock (positive: the wall clock is slow), a verdict on every server, and what that means for a
service.
Without --server it is a demonstration on four servers of its own, one of them lying.

Options
  --server HOST[:PORT]   whom to ask; repeat it, four or more servers are best; [v6]:port for IPv6
  --for DURATION         how long to measure at most: 7s, 500ms, 1m; a bare number is milliseconds
                         (default 7s, demonstration 3s; 100ms to 10m)
  --timeout MS           how long to wait for one answer: 800, 1s (default 1s; 1ms to 1m)
  --falsetickers N       how many servers may lie (default: the largest minority)
  --drift PPM            how fast this machine's clock may drift (default 50)
  --confidence LEVEL     the level of the estimate's confidence interval (default 0.95)
  --json                 print one JSON object, schema truechimer.doctor/1 (docs/doctor.md)
  -h, --help             show this
  -v, --version          show the version

Servers that you name are asked at most every 2 s. Ctrl-C ends early and reports what is known.
NO_COLOR and FORCE_COLOR are respected.

Exit code: 0 the offset is bounded, 1 it is not, 2 the command line is wrong.

Examples
  truechimer doctor
  truechimer doctor --server ntp1.example.net --server ntp2.example.net --server ntp3.example.net
  truechimer doctor --server [2001:db8::1]:123 --for 10s --json
`;

/** The help of pauses. */
export const PAUSES_HELP = `truechimer pauses: when does a program not run, for how long, and why?

Usage: truechimer pauses [options] -- node app.js [arguments]

Runs a Node.js program with a detector inside, says on stderr whenever it was paused, and sums up
at the end: causes, lengths, the worst pauses with their stacks, and what that means for leases.
The program keeps its stdin, stdout, stderr, environment and exit code. One process is watched: the
first that is Node.js and no package manager (npm start works); its children are not.

Options
  --interval DURATION    the time between two wake-ups of the detector, for instance 20ms
                         (default 50ms)
  --threshold DURATION   a wake-up this late is a pause (default 50ms)
  --no-watchdog          no second thread: 10 to 20 MB less, no stacks, and a block is often unknown
  --block DURATION       how long the main thread may be silent before its stack is taken
                         (default: the interval and the threshold)
  --round-trip DURATION  of a lease's renewal, for the suggested time to live (default 10ms)
  --json [FILE]          write one JSON object, schema truechimer.pauses/1 (docs/pauses.md), to FILE,
                         or to stdout after the program's own output
  --html FILE            write a timeline, one page without scripts or requests
  -q, --quiet            say nothing while the program runs
  -h, --help             show this
  -v, --version          show the version

While the program runs, the time in front of a pause is when it was over; under Worst it is when it
began. Every pause of the interval and the threshold together is noticed. SIGINT and SIGQUIT from the
keyboard reach the program by themselves; other signals are passed on.
NO_COLOR and FORCE_COLOR are respected.

Exit code: the program's; 128 and the number of the signal that ended it; 125 when the command line
is wrong or a report cannot be written, 126 when the program cannot be run, 127 when there is none.

Examples
  truechimer pauses -- node app.js --port 8080
  truechimer pauses --html pauses.html --json pauses.json -- npm start
  truechimer pauses --interval 10ms --threshold 20ms -- node app.js
`;
