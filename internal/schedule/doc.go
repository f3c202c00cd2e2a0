// Package schedule says when AWS schedule expressions fire, in time zones.
//
// The grammar is that of Application Auto Scaling and EventBridge Scheduler,
// and nothing beyond it, because the same text is handed to AWS on deployment:
//
//	at(yyyy-mm-ddThh:mm:ss)    once, in local time
//	rate(N unit)               unit minute(s), hour(s) or day(s); only 1 takes the singular
//	cron(minutes hours day-of-month month day-of-week year)
//
// A cron has six fields. All take values, ranges (a-b), lists (a,b) and "*";
// all but day-of-week take steps (*/n, a/n, a-b/n). Month and day-of-week take
// names in either case; day 1 is Sunday. Exactly one of day-of-month and
// day-of-week is "?". Day-of-month also takes L (the last day), LW (the last
// Monday to Friday) and nW (the Monday to Friday nearest to n, within the
// month); day-of-week L (Saturday), nL (the last such day of the month) and
// n#k (the k-th).
//
// Where AWS is silent:
//
//   - Ranges do not wrap around: FRI-MON is an error.
//   - L, LW, nW, nL and n#k stand alone in their field.
//   - A step longer than its field is an error: 0/90 minutes would not mean
//     every 90 minutes but every hour.
//   - nW and n#k do not fire in a month that has no such day.
//   - A rate counts from the start, else from the Unix epoch, and in elapsed
//     time: a day is 24 hours whatever the clocks do. It keeps the seconds of
//     its start; a cron fires at second 0.
//
// Zones follow EventBridge Scheduler. A local time that the clocks skip in
// spring is skipped; one that they show twice in autumn fires once, the first
// time. Times of the year 2200 and later do not exist.
//
// A start is inclusive and, as in Application Auto Scaling, a cron or a rate
// fires at the start itself, whatever the expression says. An end is inclusive
// too: what falls on it still happens.
package schedule
