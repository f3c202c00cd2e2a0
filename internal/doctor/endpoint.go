package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// endpoints asks SageMaker for an endpoint. activity.ErrNotFound says that there is none of
// the name.
type endpoints interface {
	Describe(ctx context.Context, endpoint string) (activity.Endpoint, error)
}

// configs knows how many instances the variants of a configuration begin with.
type configs interface {
	Initial(ctx context.Context, config string) (map[string]int, error)
}

// scalers knows who else scales a variant, in words, empty for nobody.
type scalers interface {
	Conflict(ctx context.Context, endpoint, variant string) (string, error)
}

// store has the state of an endpoint and the overrides of its variants.
type store interface {
	Load(ctx context.Context, endpoint string) (activity.State, map[string]policy.Override, error)
}

// forecasts has what was learned of the loads of an endpoint's variants.
type forecasts interface {
	Forecasts(ctx context.Context, endpoint string) (map[string]forecast.Model, error)
}

// patient is an endpoint with all that was seen of it, each with the error of its reading.
type patient struct {
	name    string
	targets []policy.Target
	now     time.Time

	endpoint    activity.Endpoint
	endpointErr error
	initial     map[string]int
	initialErr  error

	state     activity.State
	overrides map[string]policy.Override
	stateErr  error

	models    map[string]forecast.Model
	modelsErr error

	scalers    map[string]string // by variant
	scalersErr error

	queries   []scaling.Query // of the targets, in their order
	owners    []int           // the target of each query
	series    []scaling.Series
	seriesErr error
}

// endpointsOf returns the endpoints of a policy, sorted.
func endpointsOf(p *policy.Policy) []string {
	if p == nil {
		return nil
	}
	return names(p, anyTarget)
}

// endpoint looks at one endpoint and checks what was seen.
func (d *Doctor) endpoint(name string, f facts) job {
	return func(ctx context.Context) result {
		p := d.look(ctx, name, f)
		var all result
		for _, c := range d.endpointChecks(p) {
			all.findings = append(all.findings, c.apply(ctx)...)
		}
		all.seen = slices.Concat(p.movedAsChanged(), p.published())
		return all
	}
}

// look asks for all that is to be known of an endpoint.
func (d *Doctor) look(ctx context.Context, name string, f facts) *patient {
	p := &patient{name: name, now: f.now, scalers: map[string]string{}}
	for _, t := range f.policy.Targets {
		if t.Endpoint == name {
			p.targets = append(p.targets, t)
		}
	}
	p.endpoint, p.endpointErr = d.Endpoints.Describe(ctx, name)
	if p.endpointErr == nil && p.endpoint.Config != "" {
		p.initial, p.initialErr = d.Configs.Initial(ctx, p.endpoint.Config)
	}
	p.state, p.overrides, p.stateErr = d.Store.Load(ctx, name)
	if slices.ContainsFunc(p.targets, forecasting) {
		p.models, p.modelsErr = d.Forecasts.Forecasts(ctx, name)
	}
	for _, t := range p.targets {
		conflict, err := d.Scalers.Conflict(ctx, name, t.Variant)
		p.scalers[t.Variant], p.scalersErr = conflict, errors.Join(p.scalersErr, err)
	}
	d.readMetrics(ctx, p)
	return p
}

func forecasting(t policy.Target) bool { return t.Predictive.Mode.Forecasts() }

// endpointChecks are those of one endpoint and its targets.
func (d *Doctor) endpointChecks(p *patient) []check {
	all := []check{d.present(p), d.remembered(p)}
	if p.endpointErr == nil {
		all = append(all, d.statusOf(p))
	}
	for _, t := range p.targets {
		if p.endpointErr == nil {
			all = append(all, d.scalable(p, t))
		}
		if v, found := p.endpoint.Variant(t.Variant); found && v.Unsupported == "" {
			all = append(all, d.alone(p, t, v), p.capacity(t, v), d.deployments(p, t, v), d.measured(p, t))
		}
		all = append(all, p.override(t))
		if forecasting(t) {
			all = append(all, d.foreseen(p, t))
		}
	}
	return all
}

// present checks that the endpoint is there.
func (d *Doctor) present(p *patient) check {
	return check{
		name: "endpoint", target: p.name, why: "What is not there cannot be scaled.",
		fine: fmt.Sprintf("endpoint %s is there", p.name),
		run: func(context.Context) []Finding {
			switch {
			case errors.Is(p.endpointErr, activity.ErrNotFound):
				return []Finding{tell(Problem, "There is no endpoint %s in %s.", p.name, d.Region).
					todo("Make it, correct its name in the policy, or take it out, and deploy.")}
			case p.endpointErr != nil:
				return []Finding{d.unseen("endpoint "+p.name+" and its variants could not be looked at", p.endpointErr)}
			case p.endpoint.Name != p.name:
				return []Finding{tell(Problem, "SageMaker calls endpoint %s of the policy %s.", p.name, p.endpoint.Name).
					because("A name is taken in any case, but who else scales it, and what is set for it by hand, is found " +
						"by the name as SageMaker says it.").
					todo("Write the name in the policy as SageMaker does, and deploy.")}
			}
			return nil
		},
	}
}

// statusOf checks that the endpoint can be changed.
func (d *Doctor) statusOf(p *patient) check {
	return check{
		name: "status", target: p.name, why: "SageMaker takes a change of capacity of an endpoint only when it is InService.",
		fine: fmt.Sprintf("endpoint %s is %s", p.name, p.endpoint.Status),
		run: func(context.Context) []Finding {
			e, began := p.endpoint, p.endpoint.Modified
			if !p.state.BusySince.IsZero() && p.state.BusySince.Before(began) {
				began = p.state.BusySince
			}
			see := []string{"aws", "sagemaker", "describe-endpoint", "--endpoint-name", p.name}
			switch {
			case e.Status == activity.InService:
				return nil
			case e.Status == activity.Broken:
				return []Finding{tell(Problem, "Endpoint %s has failed: it can only be deleted.", p.name).
					todo("See its FailureReason, and make it anew.").
					by(see...)}
			case p.now.Sub(began) >= activity.LongestUnderWay:
				return []Finding{tell(Problem, "Endpoint %s is %s %s.", p.name, e.Status, since(began, p.now)).
					todo("See what it waits for.").
					by(see...)}
			}
			return []Finding{tell(Note, "Endpoint %s is %s: it is being changed.", p.name, e.Status).
				todo("Look again when it is InService.")}
		},
	}
}

// scalable checks that the variant is there, and is of a kind that can be scaled.
func (d *Doctor) scalable(p *patient, t policy.Target) check {
	return check{
		name: "variant", target: t.Key(), why: "A target is the number of instances of one variant.",
		fine: fmt.Sprintf("%s is scaled by its number of instances", t.Key()),
		run: func(context.Context) []Finding {
			v, found := p.endpoint.Variant(t.Variant)
			switch {
			case !found:
				return []Finding{tell(Problem, "Endpoint %s has no variant %s: it has %s.", p.name, t.Variant, list(p.endpoint.VariantNames())).
					todo("Correct the name in the policy, and deploy.")}
			case v.Unsupported != "":
				return []Finding{tell(Problem, "%s cannot be scaled: %s.", t.Key(), v.Unsupported).
					todo("Take it out of the policy, and deploy.")}
			case t.DryRun:
				return []Finding{tell(Note, "%s is a dry run: what would be done is recorded, and not done.", t.Key()).
					todo("Take dryRun out of the policy when you trust it, and deploy.")}
			}
			return nil
		},
	}
}

// alone checks that nobody else scales the variant.
func (d *Doctor) alone(p *patient, t policy.Target, v activity.Variant) check {
	return check{
		name: "other scalers", target: t.Key(), why: "Two scalers fight. sagescale changes nothing while there is another.",
		fine: fmt.Sprintf("nobody else scales %s", t.Key()),
		run: func(context.Context) []Finding {
			var found []Finding
			if v.Conflict != "" {
				found = append(found, tell(Problem, "%s", sentence(v.Conflict)).
					todo("Turn that off in the endpoint's configuration, or take the target out of the policy."))
			}
			if p.scalersErr != nil {
				return append(found, d.unseen("whether Application Auto Scaling scales the variant could not be looked at", p.scalersErr))
			}
			if conflict := p.scalers[t.Variant]; conflict != "" {
				found = append(found, tell(Problem, "%s", sentence(conflict)).
					todo("Hand it over, if sagescale is to scale it; sagescale import makes a policy of what it does.").
					by("sagescale", "hand-over", t.Key()))
			}
			return found
		},
	}
}

// limits returns the limits in force at a time, those of an override among them.
func (p *patient) limits(t policy.Target, at time.Time) schedule.Limits {
	l, _ := schedule.InForce(t.Limits, t.ScheduledActions, at)
	if o := p.overrides[t.Variant]; o.InForce(at) {
		l = o.Limit(l)
	}
	return l
}

// full is for how long a target may be at its maximum before one should know.
const full = time.Hour

// capacity holds the capacity against the limits in force.
func (p *patient) capacity(t policy.Target, v activity.Variant) check {
	l := p.limits(t, p.now)
	return check{
		name: "capacity", target: t.Key(), why: "The limits in force hold at once: no cooldown and no metric holds them back.",
		fine: fmt.Sprintf("%s has %d instances, within its limits of %d to %d", t.Key(), v.Desired, l.Min, l.Max),
		run: func(context.Context) []Finding {
			if p.stateErr != nil {
				return []Finding{tell(NotChecked, "Which limits are in force could not be seen: overrides could not be read.")}
			}
			var found []Finding
			before := p.limits(t, p.now.Add(-silent))
			outside := func(l schedule.Limits) bool { return v.Desired < l.Min || v.Desired > l.Max }
			free := p.endpoint.Status == activity.InService && !t.DryRun && p.overrides[t.Variant].Pause == ""
			if free && outside(l) && outside(before) {
				found = append(found, tell(Warning, "%s has %d instances, outside its limits of %d to %d.", t.Key(), v.Desired, l.Min, l.Max).
					todo("The last decision record of the target says what holds the change back."))
			}
			known := p.state.Known[t.Variant]
			if v.Desired == l.Max && l.Min < l.Max && known.Capacity == l.Max && p.now.Sub(known.At) >= full {
				found = append(found, tell(Warning, "%s is at its maximum of %d %s.", t.Key(), l.Max, since(known.At, p.now)).
					because("What it would need more it does not get: requests may be lost, or wait.").
					todo("Raise maxCapacity if the load is wanted, for a while by sagescale limits --max."))
			}
			if t.Limits.Min == 1 {
				found = append(found, tell(Note, "%s may have a single instance (minCapacity is 1).", t.Key()).
					because("When that instance fails, or its zone does, nothing serves until another has started.").
					todo("Set minCapacity to 2 or more where that matters."))
			}
			return found
		},
	}
}

// deployments says what a deployment of the endpoint would reset.
func (d *Doctor) deployments(p *patient, t policy.Target, v activity.Variant) check {
	return check{
		name: "deployments", target: t.Key(),
		why:  "A deployment of the endpoint takes the capacity from its configuration, however high the load is.",
		fine: fmt.Sprintf("a deployment of %s would not change its capacity", p.name),
		run: func(context.Context) []Finding {
			if p.initialErr != nil {
				return []Finding{d.unseen("what a deployment would reset could not be looked at", p.initialErr)}
			}
			initial, told := p.initial[t.Variant]
			if !told || initial == v.Desired {
				return nil
			}
			level := Note
			if initial < v.Desired {
				level = Warning
			}
			const what = "The next deployment of endpoint %s would bring %s from %d to %d instances, " +
				"if its new configuration begins as %s does."
			return []Finding{tell(level, what, p.name, t.Variant, v.Desired, initial, p.endpoint.Config).
				todo("Deploy with --retain-all-variant-properties (RetainAllVariantProperties in the API and in CloudFormation).").
				by("aws", "sagemaker", "update-endpoint", "--endpoint-name", p.name,
					"--endpoint-config-name", "NEW", "--retain-all-variant-properties")}
		},
	}
}

// stale is how old a forecast may be: it is learned anew every hour.
const stale = 2 * time.Hour

// foreseen checks that there is a forecast to go by.
func (d *Doctor) foreseen(p *patient, t policy.Target) check {
	return check{
		name: "forecasts", target: t.Key(),
		why:  "Without a forecast the target value decides, by what was and not by what comes.",
		fine: fmt.Sprintf("what was learned of the load of %s is less than two hours old", t.Key()),
		run: func(context.Context) []Finding {
			m, found := p.models[t.Variant]
			do := "See the lines 'forecast learned' in the log of the function schedule, and the rule ForecastsRule."
			switch {
			case p.modelsErr != nil && !found:
				return []Finding{d.unseen("what was learned of loads could not be read", p.modelsErr)}
			case !found:
				return []Finding{tell(Warning, "Nothing was learned of the load of %s yet.", t.Key()).
					todo(do)}
			case p.now.Sub(m.Through) > stale:
				return []Finding{tell(Warning, "Nothing was learned of the load of %s %s.", t.Key(), since(m.Through, p.now)).
					todo(do)}
			}
			return nil
		},
	}
}

// movedAsChanged is what is seen of the time at which SageMaker says that the endpoint was
// last modified, by the last activity of ours.
func (p *patient) movedAsChanged() []evidence {
	if p.endpointErr != nil || p.stateErr != nil {
		return nil
	}
	for _, a := range slices.Backward(p.state.Recent) {
		if a.Status != activity.Successful || a.ByOthers {
			continue
		}
		const form = "2006-01-02 15:04:05Z"
		began, last := a.StartTime.UTC().Format(form), p.endpoint.Modified.Format(form)
		if p.endpoint.Modified.Before(a.StartTime.Add(-time.Second)) {
			what := fmt.Sprintf("%s was changed at %s, LastModifiedTime is %s", p.name, began, last)
			return []evidence{{modified, contradicted, what}}
		}
		return []evidence{{modified, confirmed, fmt.Sprintf("it is not before the change of %s at %s", p.name, began)}}
	}
	return []evidence{{modified, notSeen, "no capacity of " + p.name + " was changed yet"}}
}
