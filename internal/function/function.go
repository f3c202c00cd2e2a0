// Package function has the handlers of the Lambda functions: what each makes of
// the events that wake it, and what it answers.
//
// A function answers with an error only where Lambda's retry is of use: when an
// alarm or a state change could not be acted upon. The next tick is the retry of
// a tick, and an event that was refused would be refused again.
package function

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/config"
	"sagescale/internal/event"
	"sagescale/internal/plain"
)

// margin is what is left of a function's time when its work is called off, so
// that it can still say so.
const margin = 2 * time.Second

// longestText is how much of one text is logged, in characters: CloudWatch takes
// lines of a bounded size, and a line must stay whole to be found.
const longestText = 4000

// evaluator does the work. See autoscaler.Evaluator.
type evaluator interface {
	Evaluate(context.Context, autoscaler.Trigger) (autoscaler.Summary, error)
	Settle(context.Context, autoscaler.Trigger) (*activity.Activity, error)
}

// forecaster learns of loads. See autoscaler.Forecaster.
type forecaster interface {
	Learn(context.Context) ([]autoscaler.Learned, error)
}

// Function handles events. Name is its own, as the dimension of its metrics; an
// event from elsewhere than Origin is refused. Without a Notifier nobody is told.
type Function struct {
	Name       string
	Origin     event.Origin
	Evaluator  evaluator
	Forecaster forecaster
	Notifier   notifier
	Log        *slog.Logger
	Now        func() time.Time
}

// Schedule handles the tick and the scheduled actions: it evaluates all targets,
// or the one named. When forecasts are to be learned it does that and evaluates nothing.
// It never fails: the next tick is a minute away.
func (f Function) Schedule(ctx context.Context, raw json.RawMessage) error {
	woken, err := event.DecodeSchedule(raw, f.Origin)
	o := outcome{refused: err}
	if err == nil {
		o = f.scheduled(ctx, woken)
	}
	f.report(ctx, o)
	return nil
}

// scheduled does what an event of a schedule asks for.
func (f Function) scheduled(ctx context.Context, e event.Event) (o outcome) {
	if e.Kind == event.Forecast {
		o.idle, o.failed = true, f.learn(ctx)
		return o
	}
	o.add(f.evaluate(ctx, e))
	return o
}

// learn has forecasts learned, and logs what came of it.
func (f Function) learn(ctx context.Context) error {
	ctx, cancel := hurry(ctx)
	defer cancel()
	learned, err := f.Forecaster.Learn(ctx)
	for _, l := range learned {
		f.Log.InfoContext(ctx, "forecast learned", "forecast", l)
	}
	return err
}

// Alarm handles alarms: it evaluates the targets that they belong to by their
// names.
func (f Function) Alarm(ctx context.Context, raw json.RawMessage) error {
	woken, err := event.DecodeAlarm(raw, f.Origin)
	o := outcome{refused: err}
	for _, e := range woken {
		o.add(f.evaluate(ctx, e))
	}
	f.report(ctx, o)
	return o.failed
}

// Settle handles changes of an endpoint's status: it closes the open activity of
// the endpoint and starts nothing.
func (f Function) Settle(ctx context.Context, raw json.RawMessage) error {
	woken, err := event.DecodeEndpointState(raw, f.Origin)
	o := outcome{refused: err}
	if err == nil {
		o.add(f.settle(ctx, woken))
	}
	f.report(ctx, o)
	return o.failed
}

// outcome is what became of an invocation: events that were refused, or that name
// a target which the policy does not have, would fare no better another time;
// what failed may.
type outcome struct {
	refused, failed error
	idle            bool // no target was to be evaluated
	autoscaler.Summary
}

func (o *outcome) add(s autoscaler.Summary, err error) {
	o.Stuck += s.Stuck
	o.Held += s.Held
	o.Foresight = o.Foresight.Add(s.Foresight)
	o.TimeToInService = max(o.TimeToInService, s.TimeToInService)
	if errors.Is(err, autoscaler.ErrNoTarget) {
		o.refused = errors.Join(o.refused, err)
		return
	}
	o.failed = errors.Join(o.failed, err)
}

func (f Function) evaluate(ctx context.Context, e event.Event) (autoscaler.Summary, error) {
	ctx, cancel := hurry(ctx)
	defer cancel()
	var kept records
	s, err := f.Evaluator.Evaluate(kept.keep(ctx), trigger(ctx, e))
	f.tell(ctx, func(ctx context.Context) error { return f.Notifier.Evaluated(ctx, kept) })
	return s, err
}

func (f Function) settle(ctx context.Context, e event.Event) (s autoscaler.Summary, err error) {
	ctx, cancel := hurry(ctx)
	defer cancel()
	closed, err := f.Evaluator.Settle(ctx, trigger(ctx, e))
	if err != nil {
		return s, fmt.Errorf("settle endpoint %s: %w", e.Endpoint, err)
	}
	f.Log.InfoContext(ctx, "settled", "endpoint", e.Endpoint, "status", e.Status, "activity", closed)
	if closed != nil {
		s.TimeToInService = closed.TimeToInService()
		f.tell(ctx, func(ctx context.Context) error { return f.Notifier.Settled(ctx, e.Endpoint, *closed) })
	}
	return s, nil
}

// hurry returns a context that ends shortly before the function does.
func hurry(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

func trigger(ctx context.Context, e event.Event) autoscaler.Trigger {
	t := autoscaler.Trigger{Kind: string(e.Kind), ID: e.ID, Name: e.Name, Endpoint: e.Endpoint, Variant: e.Variant}
	if lambda, ok := lambdacontext.FromContext(ctx); ok {
		t.Invocation = lambda.AwsRequestID
	}
	return t
}

// report logs how the invocation went, with its metrics in CloudWatch's embedded
// metric format: they cost no call. A target that is stuck counts as an error too,
// so that somebody is told.
func (f Function) report(ctx context.Context, o outcome) {
	evaluations, failures := 1, 0
	if o.idle {
		evaluations = 0
	}
	level, text := slog.LevelInfo, ""
	switch {
	case o.failed != nil:
		failures, level, text = 1, slog.LevelError, errors.Join(o.failed, o.refused).Error()
	case o.Stuck > 0:
		failures, level, text = 1, slog.LevelError, fmt.Sprintf("targets that cannot be scaled: %d; their records say why", o.Stuck)
	case o.refused != nil:
		evaluations, level, text = 0, slog.LevelWarn, o.refused.Error()
	}
	metrics := slices.Concat([]metric{
		{config.MetricEvaluations, "Count", float64(evaluations)},
		{config.MetricErrors, "Count", float64(failures)},
		{config.MetricHeld, "Count", float64(o.Held)},
	}, ofForesight(o.Foresight), ofProvisioning(o.TimeToInService))
	attributes := append([]slog.Attr{
		slog.String("error", plain.Cut(text, longestText)),
		slog.String(config.MetricDimension, f.Name),
	}, values(metrics)...)
	attributes = append(attributes, embedded(f.Now(), metrics, config.MetricDimension))
	f.Log.LogAttrs(ctx, level, messageInvocation, attributes...)
}
