// Package simulate is an AWS account in virtual time: SageMaker, CloudWatch,
// EventBridge and the state table as doubles that behave, around the real
// handlers and the real evaluator. Nothing sleeps, nothing is random, and equal
// inputs give equal records, byte for byte.
//
// # A step
//
// Time goes in steps of one minute. Step t, at the time t minutes after the
// start, goes in the order of the replay model:
//
//  1. A scale-out due at t comes into service.
//  2. lost = max(0, requests[t] - in_service[t] * capacity of an instance).
//  3. The functions are woken and may change the desired capacity. They see the
//     requests of the steps before t whose datapoints are published.
//  4. billed[t] = max(in_service[t], desired[t]).
//
// A scale-out accepted at t is in service at t + Provisioning and keeps the
// endpoint busy until then. A scale-in accepted at t is out of service at the
// next step and keeps the endpoint busy for ScaleIn. At the start the capacity
// in service is what the first minute needs, inside the limits.
//
// What is due between two steps happens at the later one.
//
// # Waking
//
// In (3) the functions get the events that a deployment would get, as JSON, in
// this order: changes of an endpoint's status, scheduled actions, alarms that
// went off, the tick. Events that a function causes are delivered after it has
// returned, so no two of them run at once. An alarm that is OK again wakes
// nobody, as in the deployment.
//
// # Metrics
//
// A datapoint is published Delay after the end of its period. Invocations is the
// load as it is, also where it is zero; the metrics per instance are the load by
// the instances that were in service in that minute, so that adding capacity
// lowers them. ConcurrentRequestsPerModel takes every request to be served in
// one second. Any other metric that has the dimensions of a variant reads as a
// utilization in percent, which ends at 100 for each device.
package simulate
