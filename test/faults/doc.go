// Package faults proves what sagescale does when things fail: the handlers, the
// evaluator and the adapters of the real services run against models of SageMaker,
// CloudWatch, DynamoDB and of the delivery of events, in virtual time, while workers
// crash, answers get lost, metrics lie and people interfere.
//
//	make faults             # 2,000 seeds, the exhaustive run, the crash points
//	make faults SEED=17     # one seed again, told as a story
//
// # How a run goes
//
// Every call of a worker to a service waits until the scheduler lets it go on, one
// at a time, so a run depends on its seed alone and on no chance of Go's scheduler.
// What the scheduler decides it draws from the seed and from the name of what it
// decides on, and not from a stream: a fault that is left out leaves the others as
// they are. That is how a failing run is shrunk.
//
// Time is that of a synctest bubble, in which the evaluator's own deadlines and the
// clients' own retries run, plus what the world has jumped ahead of it while a worker
// was frozen.
//
// # What is checked
//
// The invariants, by numbers S and L: see README.md. They are written once more here,
// from what the models know to be true, and not by calls of the code that they judge.
package faults
