// Package replay lets a scaler meet a load of the past in virtual time, and says what
// it would have cost and what would have been lost. Every scaler meets the same
// model, so that they can be compared: sagescale's own decisions, and its peers. It is
// pure: equal inputs give equal timelines.
//
// # The model
//
// Time goes in steps of one minute. At step t
//
//  1. a scale-out due at t comes into service;
//  2. lost = max(0, requests[t] - in_service[t] * capacity of an instance);
//  3. the scaler sees the requests of the steps through t - delay, the delay being one
//     step at least, and may change the desired capacity unless the endpoint is busy;
//  4. billed[t] = max(in_service[t], desired[t]).
//
// A scale-out decided at t is in service at t + Provisioning and keeps the endpoint busy
// until then; a scale-in decided at t is out of service at t + 1 and keeps it busy for
// ScaleIn. At the start as many instances as the first step needs are in service,
// inside the limits. No scaler sees a datapoint before its time: a trace that is cut at
// T gives the same timeline up to T.
//
// It leaves out what it cannot know: queues, instances that start late or not at all,
// and that a service slows down before it fails.
package replay
