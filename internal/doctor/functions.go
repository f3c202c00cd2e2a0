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
	problem := func(what, do, cmd string) {
		found = append(found, Finding{Level: Problem, What: what, Do: do, Command: cmd})
	}
	switch {
	case errors.Is(err, lambda.ErrNoFunction):
		problem(fmt.Sprintf("The function %s (%s) is not there.", name, deployed), makeAgain, "")
		return found
	case err != nil:
		return []Finding{d.unseen("function "+name+" could not be looked at", err)}
	}
	if fn.Reserved != nil && *fn.Reserved == 0 {
		problem(fmt.Sprintf("The function %s never runs: its reserved concurrency is 0, which is the emergency stop.", name),
			"Let it run again when the reason is over.",
			command("aws", "lambda", "delete-function-concurrency", "--function-name", deployed))
	}
	if told := d.Deployed.Outputs[config.OutputTable]; fn.Environment[config.EnvTable] != told {
		problem(fmt.Sprintf("The function %s keeps its state in table %q, the stack tells of %q.", name, fn.Environment[config.EnvTable], told),
			setBack, "")
	}
	return append(found, stateOf(name, fn)...)
}

// stateOf says what is wrong with the state that Lambda tells of a function.
func stateOf(name string, fn lambda.Function) []Finding {
	because := ""
	if fn.Reason != "" {
		because = ": " + fn.Reason
	}
	switch {
	case fn.State == "Failed" || fn.Update == "Failed":
		return []Finding{{
			Level: Problem, What: sentence(fmt.Sprintf("The function %s is %s, its last update %s%s", name, fn.State, fn.Update, because)),
			Do: "Mend what the reason says, and deploy again.",
		}}
	case fn.State == "Pending" || fn.Update == "InProgress":
		return []Finding{{Level: Note, What: fmt.Sprintf("The function %s is being made or changed.", name), Do: "Look again in a minute."}}
	case fn.State == "Inactive":
		return []Finding{{Level: Warning, What: fmt.Sprintf("The function %s is Inactive: nothing has invoked it for weeks.", name), Do: "See what is said of the rules."}}
	}
	return nil
}
