package doctor

import (
	"context"
	"errors"
	"fmt"

	"sagescale/internal/config"
	"sagescale/internal/lambda"
)

// functions knows what Lambda says of a function. lambda.ErrNoFunction says that there is
// none of the name.
type functions interface {
	Describe(ctx context.Context, function string) (lambda.Function, error)
}

// The functions, as the README calls them.
const (
	functionSchedule = "schedule"
	functionAlarm    = "alarm"
	functionSettle   = "settle"
)

func functionNames() []string { return []string{functionSchedule, functionAlarm, functionSettle} }

// deployedName returns the name that a function has in AWS, empty if the stack does not
// tell.
func (d *Doctor) deployedName(function string) string {
	return d.Deployed.Outputs[map[string]string{
		functionSchedule: config.OutputSchedule, functionAlarm: config.OutputAlarm, functionSettle: config.OutputSettle,
	}[function]]
}

// function checks one function, and what its role may do.
func (d *Doctor) function(name string, f facts) job {
	return func(ctx context.Context) result {
		deployed := d.deployedName(name)
		if deployed == "" {
			return result{} // the stack lacks its name, which is a finding of its own
		}
		described, err := d.Functions.Describe(ctx, deployed)
		state := check{
			name: "functions", why: whyFunction(name),
			fine: fmt.Sprintf("function %s can run, and keeps its state in the table", name),
			run:  func(context.Context) []Finding { return d.able(name, deployed, described, err) },
		}
		if err != nil {
			return result{findings: state.apply(ctx)}
		}
		all := result{findings: state.apply(ctx)}
		all.add(d.permissions(ctx, name, described, f))
		return all
	}
}

// whyFunction says what does not work without a function.
func whyFunction(name string) string {
	return map[string]string{
		functionSchedule: "Without the function schedule nothing scales.",
		functionAlarm:    "Without the function alarm a scale-out waits for the next tick, up to a minute.",
		functionSettle:   "Without the function settle an activity ends at the next tick, up to a minute late.",
	}[name]
}

// able says what keeps a function from running.
func (d *Doctor) able(name, deployed string, fn lambda.Function, err error) []Finding {
	var found []Finding
	switch {
	case errors.Is(err, lambda.ErrNoFunction):
		return []Finding{tell(Problem, "The function %s (%s) is not there.", name, deployed).todo(makeAgain)}
	case err != nil:
		return []Finding{d.unseen("function "+name+" could not be looked at", err)}
	}
	if fn.Reserved != nil && *fn.Reserved == 0 {
		const what = "The function %s never runs: its reserved concurrency is 0, which is the emergency stop."
		found = append(found, tell(Problem, what, name).
			todo("Let it run again when the reason is over.").
			by("aws", "lambda", "delete-function-concurrency", "--function-name", deployed))
	}
	if table, told := fn.Environment[config.EnvTable], d.tableName(); table != told {
		const what = "The function %s keeps its state in table %q, the stack tells of %q."
		found = append(found, tell(Problem, what, name, table, told).todo(setBack))
	}
	return append(found, stateOf(name, fn)...)
}

// stateOf says what is wrong with the state that Lambda tells of a function.
func stateOf(name string, fn lambda.Function) []Finding {
	because := "."
	if fn.Reason != "" {
		because = ": " + sentence(fn.Reason)
	}
	switch {
	case fn.State == "Failed" || fn.Update == "Failed":
		return []Finding{tell(Problem, "The function %s is %s, its last update %s%s", name, fn.State, fn.Update, because).
			todo("Mend what the reason says, and deploy again.")}
	case fn.State == "Pending" || fn.Update == "InProgress":
		return []Finding{tell(Note, "The function %s is being made or changed.", name).
			todo("Look again in a minute.")}
	case fn.State == "Inactive":
		return []Finding{tell(Warning, "The function %s is Inactive: nothing has invoked it for weeks.", name).
			todo("See what is said of the rules.")}
	}
	return nil
}
