package faults

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"

	"sagescale/internal/applicationautoscaling"
	"sagescale/internal/autoscaler"
	"sagescale/internal/cloudwatch"
	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
	"sagescale/internal/event"
	"sagescale/internal/function"
	"sagescale/internal/policy"
	"sagescale/internal/sagemaker"
	"sagescale/internal/simulate"
)

// tryTimeout is how long a client waits for the answer to one try, as in package
// wire.
const tryTimeout = 10 * time.Second

// errTimeout is what a client makes of an answer that does not come.
var errTimeout = errors.New("Client.Timeout exceeded while awaiting headers")

// worker is one invocation of a function: a sandbox that remembers nothing of any
// other.
type worker struct {
	*world
	id     int
	event  *delivery
	kind   event.Kind
	policy *policy.Policy
	began  time.Time     // in virtual time
	due    time.Time     // when Lambda kills it, in the bubble's time
	skew   time.Duration // of its clock
	jump   time.Duration // by which its clock jumps once it has made some calls
	made   int           // calls
	frozen time.Time     // until when it stands still, in virtual time
	killed chan struct{}
	dead   bool
	done   bool
	err    error
	panic  string
	all    bool // it evaluates all targets
	saw    sight

	records []autoscaler.Record
}

// call is a request on its way to a service: it takes effect at one time and is
// answered at another, if at all.
type call struct {
	*worker
	n        int // the how many-th of the worker
	op       string
	endpoint string
	effect   func() (any, error)
	reply    chan reply
	fate     *fate // nil until it is decided

	applied bool
	out     reply
}

type reply struct {
	value any
	err   error
}

// fate is what becomes of a call: whether and when it takes effect, and whether, when
// and with what error it is answered. Times count from when it was sent.
type fate struct {
	lost     bool // takes no effect
	silent   bool // is never answered
	twice    bool // arrives twice; the second answer counts
	err      error
	applyAt  time.Time
	answerAt time.Time
	killed   string // the worker dies once the call has taken effect, or would have
}

// invoke starts a worker on an event.
func (w *world) invoke(d *delivery) *worker {
	w.invocations++
	wk := &worker{
		world: w, id: w.invocations, event: d, kind: d.kind, policy: w.policyNow(), began: w.now(),
		due: time.Now().Add(config.FunctionTimeout), killed: make(chan struct{}), saw: newSight(),
	}
	wk.skew, wk.jump = w.skewOf(wk)
	wk.all = d.all
	w.workers = append(w.workers, wk)
	f := wk.function()
	handle := f.Schedule
	switch d.kind {
	case event.Alarm:
		handle = f.Alarm
	case event.EndpointState:
		handle = f.Settle
	}
	ctx, cancel := context.WithDeadline(context.Background(), wk.due)
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: fmt.Sprintf("00000000-%012x", wk.id)})
	go func() {
		defer w.wake()
		defer cancel()
		defer func() {
			if r := recover(); r != nil {
				wk.panic, wk.done = fmt.Sprint(r), true
			}
		}()
		wk.err = handle(ctx, d.raw)
		wk.done = true
	}()
	return wk
}

// function puts a worker's function together as package wire does, on the models.
func (wk *worker) function() function.Function {
	log := slog.New(slog.DiscardHandler)
	store := dynamodb.New(dynamoDBClient{wk}, tableName)
	return function.Function{
		Name:   string(wk.kind),
		Origin: simulate.Origin(),
		Evaluator: &autoscaler.Evaluator{
			Policy:    wk.policy,
			Endpoints: sagemaker.New(sageMakerClient{wk}),
			Metrics:   cloudwatch.New(cloudWatchClient{wk}),
			Scalers:   applicationautoscaling.New(scalersClient{wk}),
			Store:     store,
			Forecasts: store,
			Record:    wk.record,
			Now:       wk.clock,
			Parallel:  wk.parallel,
		},
		Log: log,
		Now: wk.clock,
	}
}

// clock is the worker's own. Where a worker does several things at once, its clock does
// not jump: which of them sees it would be chance.
func (wk *worker) clock() time.Time {
	now := wk.now().Add(wk.skew)
	if wk.parallel == 1 && wk.made > 2+wk.id%5 {
		now = now.Add(wk.jump)
	}
	return now
}

func (wk *worker) record(_ context.Context, r autoscaler.Record) {
	if !wk.dead {
		wk.records = append(wk.records, r)
	}
}

// kill ends a worker as Lambda does: whatever it was about to do, it does not.
func (wk *worker) kill(why string) {
	if wk.dead || wk.done {
		return
	}
	wk.tell("worker %d dies: %s", wk.id, why)
	wk.dead = true
	close(wk.killed)
}

// request sends a request, with the retries of the SDK, and waits for its answer.
func request[T any](ctx context.Context, wk *worker, retryer aws.Retryer, op, endpoint string, effect func() (T, error)) (T, error) {
	var zero T
	for try := 1; ; try++ {
		value, err := wk.send(ctx, op, endpoint, func() (any, error) { return effect() })
		if err == nil {
			return value.(T), nil
		}
		if try >= retryer.MaxAttempts() || !retryer.IsErrorRetryable(err) || ctx.Err() != nil {
			return zero, fmt.Errorf("operation error %s: %w", op, err)
		}
		wk.hit("retry by the SDK")
		if wk.script == nil {
			wk.wait(ctx, time.Duration(try)*100*time.Millisecond)
		}
	}
}

// send sends one try and waits for its answer. A worker that has died sends nothing
// and ends where it is.
func (wk *worker) send(ctx context.Context, op, endpoint string, effect func() (any, error)) (any, error) {
	if wk.dead {
		runtime.Goexit()
	}
	c := &call{worker: wk, op: op, endpoint: endpoint, effect: effect, reply: make(chan reply, 1)}
	wk.post(c)
	timeout := time.NewTimer(tryTimeout)
	defer timeout.Stop()
	select {
	case r := <-c.reply:
		if wk.dead {
			runtime.Goexit()
		}
		if errors.Is(r.err, panicked{}) {
			panic(r.err)
		}
		return r.value, r.err
	case <-ctx.Done():
		return nil, &aws.RequestCanceledError{Err: ctx.Err()}
	case <-timeout.C:
		return nil, connectionError{errTimeout}
	case <-wk.killed:
	}
	runtime.Goexit()
	return nil, errors.New("a worker that has died goes on")
}

// wait waits between two tries.
func (wk *worker) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-wk.killed:
		runtime.Goexit()
	}
}

// connectionError is one that the SDK retries.
type connectionError struct{ error }

func (connectionError) ConnectionError() bool { return true }

func (e connectionError) Unwrap() error { return e.error }
