/**
 * What `--help` says.
 */

/** The help of the program. */
export const HELP = `truechimer: know the time, and how wrong it may be

Usage: truechimer <command> [options]

Commands
  doctor           how far can this machine's clock be trusted?

Options
  -h, --help       show this
  -v, --version    show the version

Try 'truechimer doctor', or 'truechimer doctor --help'.
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
