// Package doctor examines a deployment and its account, and says what is not well: what it
// is, why it matters, and what to do.
//
// It changes nothing. Every question goes through a port that is declared where it is
// asked. A question that gets no answer is a finding of its own, which names the IAM action
// that is lacking where one is, and keeps no other from being asked: what was not looked at
// is never taken for well.
//
// Some of what sagescale assumes of AWS shows in passing. That is told as confirmed,
// contradicted or not seen; see [assumption].
package doctor

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"sagescale/internal/cloudformation"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/sts"
)

// parallel is how many checks are made at once: enough for a hundred endpoints to take
// seconds, few enough for the services' request rates.
const parallel = 8

// caller says whose credentials are used.
type caller interface {
	Identity(ctx context.Context) (sts.Identity, error)
}

// Doctor examines one deployment.
type Doctor struct {
	Stack, Region string
	// Profile is the one of the credentials, empty for the preset one.
	Profile string
	// Deployed is what CloudFormation says of the stack.
	Deployed cloudformation.Stack
	// Policy reads the policy that the deployment runs. File, if there is one, is the
	// policy that it is held against, and FileName what that is called.
	Policy   func(context.Context) (*policy.Policy, error)
	File     *policy.Policy
	FileName string

	Caller    caller
	Stacks    stacks
	Functions functions
	Roles     roles
	Table     table
	Rules     rules
	Schedules schedules
	Alarms    alarms
	Queues    queues
	Metrics   metrics
	Logs      logs
	Endpoints endpoints
	Configs   configs
	Scalers   scalers
	Store     store
	Forecasts forecasts

	// Denied returns the IAM action that the caller lacks when an error says so.
	Denied func(error) (action string, ok bool)
	Now    func() time.Time
}

// facts are what several checks go by: what the deployment consists of, each with the
// error of its reading.
type facts struct {
	policy       *policy.Policy
	policyErr    error
	resources    []cloudformation.Resource
	resourcesErr error
	who          sts.Identity
	whoErr       error
	// asked is when the caller was asked for, by the clock of this machine.
	asked time.Time
	now   time.Time
}

// Examine makes every check and reports what it found. Equal answers of the services give
// equal reports. Its error is that of the context.
func (d *Doctor) Examine(ctx context.Context) (Report, error) {
	f := d.gather(ctx)
	jobs := d.jobs(f)
	results := make([]result, len(jobs))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, job := range jobs {
		group.Go(func() error {
			results[i] = job(ctx)
			return nil
		})
	}
	_ = group.Wait() // no job has an error: what goes wrong is a finding
	if err := ctx.Err(); err != nil {
		return Report{}, errors.Join(errors.New("examine the deployment: it was not finished"), err)
	}
	var all result
	for _, r := range results {
		all.add(r)
	}
	all.findings = append(all.findings, judge(all.seen)...)
	return d.report(f, all.findings), nil
}

// gather reads what several checks go by.
func (d *Doctor) gather(ctx context.Context) facts {
	f := facts{now: d.Now()}
	var group errgroup.Group
	group.Go(func() error {
		f.policy, f.policyErr = d.Policy(ctx)
		return nil
	})
	group.Go(func() error {
		f.resources, f.resourcesErr = d.Stacks.Resources(ctx, d.Stack)
		return nil
	})
	group.Go(func() error {
		f.who, f.whoErr = d.Caller.Identity(ctx)
		f.asked = d.Now()
		return nil
	})
	_ = group.Wait() // the errors are among the facts
	return f
}

// result is what a job has found, and what it has seen of what is assumed.
type result struct {
	findings []Finding
	seen     []evidence
}

func (r *result) add(other result) {
	r.findings = append(r.findings, other.findings...)
	r.seen = append(r.seen, other.seen...)
}

// job makes one or several checks.
type job func(context.Context) result

// jobs returns everything that is to be looked at.
func (d *Doctor) jobs(f facts) []job {
	var all []job
	for _, c := range []check{d.stack(f), d.policyCheck(f)} {
		all = append(all, c.job())
	}
	for _, name := range functionNames() {
		all = append(all, d.function(name, f))
	}
	for _, c := range []check{
		d.table(), d.rules(f), d.schedules(f), d.alarms(f), d.deadLetters(f), d.ticks(f), d.records(f), d.clock(f),
	} {
		all = append(all, c.job())
	}
	all = append(all, d.refusal)
	for _, e := range endpointsOf(f.policy) {
		all = append(all, d.endpoint(e, f))
	}
	return all
}

// say is what is kept of an error: it may quote what anybody wrote.
func say(err error) string { return plain.Cut(plain.Text(err.Error()), longestSaid) }

// longestSaid bounds what is said of an error, in characters.
const longestSaid = 300
