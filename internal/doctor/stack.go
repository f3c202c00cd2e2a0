package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sagescale/internal/cloudformation"
	"sagescale/internal/config"
	"sagescale/internal/policy"
)

// stacks knows what a stack has made.
type stacks interface {
	Resources(ctx context.Context, stack string) ([]cloudformation.Resource, error)
}

// stack checks that the stack is settled, and tells the names that all else goes by.
func (d *Doctor) stack(f facts) check {
	return check{
		name: "stack",
		why:  "What a deployment left half done may lack a function, a rule or a permission.",
		fine: fmt.Sprintf("stack %s is %s and tells all of its names", d.Stack, d.Deployed.Status),
		run: func(context.Context) []Finding {
			found := d.settled()
			if lacking := d.lacking(); len(lacking) > 0 {
				found = append(found, tell(Problem, "The stack lacks the outputs %s.", list(lacking)).
					because("What they name could not be looked at. The deployment is of an older version, or was never finished.").
					todo("Deploy this version of sagescale."))
			}
			if f.resourcesErr != nil {
				found = append(found, d.unseen("what the stack has made could not be listed", f.resourcesErr))
			}
			return found
		},
	}
}

// settled says what is wrong with the status of the stack.
func (d *Doctor) settled() []Finding {
	status := d.Deployed.Status
	what := fmt.Sprintf("The stack is %s.", status)
	if d.Deployed.Reason != "" {
		what = fmt.Sprintf("The stack is %s: %s", status, sentence(d.Deployed.Reason))
	}
	events := []string{"aws", "cloudformation", "describe-stack-events", "--stack-name", d.Stack}
	switch {
	case slices.Contains([]string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}, status):
		return nil
	case status == "UPDATE_ROLLBACK_COMPLETE":
		return []Finding{tell(Warning, "%s", what).
			because("The last deployment failed and was undone: what runs is what was there before.").
			todo("See why it failed, and deploy again.").
			by(events...)}
	case strings.HasSuffix(status, "_IN_PROGRESS") && !strings.HasPrefix(status, "DELETE"):
		return []Finding{tell(Note, "%s", what).
			because("What is found meanwhile may be over in a minute.").
			todo("Look again when it is done.")}
	}
	return []Finding{tell(Problem, "%s", what).
		todo("See what failed, mend it, and deploy again.").
		by(events...)}
}

// lacking returns the outputs that the stack does not have.
func (d *Doctor) lacking() []string {
	var names []string
	for _, name := range []string{
		config.OutputTable, config.OutputSchedule, config.OutputAlarm, config.OutputSettle, config.OutputDigest,
		config.OutputScheduleLogs, config.OutputDeadLetters, config.OutputNotified,
	} {
		if d.Deployed.Outputs[name] == "" {
			names = append(names, name)
		}
	}
	return names
}

// policyCheck checks that the policy that runs is the one that was deployed, and the one
// of the file if there is one.
func (d *Doctor) policyCheck(f facts) check {
	return check{
		name: "policy",
		why:  "The functions scale by the policy in their bundle, whatever any file says.",
		fine: "the functions run the policy that the stack tells" + d.asFile(),
		run: func(context.Context) []Finding {
			if f.policyErr != nil {
				return []Finding{d.unread(f.policyErr)}
			}
			var found []Finding
			if told := d.Deployed.Outputs[config.OutputDigest]; told != "" && told != f.policy.Digest {
				found = append(found, tell(Warning, "The function schedule runs policy %s, the stack tells of %s.", f.policy.Digest, told).
					because("This version of the command reads the policy otherwise than the deployed one, "+
						"or somebody has changed the function past the deployment.").
					todo("Deploy, by this version of sagescale."))
			}
			if d.File != nil && d.File.Digest != f.policy.Digest {
				found = append(found, tell(Problem, "The deployed policy is not that of %s: %s.", d.FileName, differences(f.policy, d.File)).
					todo("Deploy the file, if it is what is wanted.").
					by("make", "deploy", "POLICY="+d.FileName))
			}
			return found
		},
	}
}

// asFile names the file that the policy is the same as, if there is one.
func (d *Doctor) asFile() string {
	if d.File == nil {
		return ""
	}
	return ", which is that of " + d.FileName
}

// unread is the finding of a policy that could not be read: by these credentials, or by
// anybody.
func (d *Doctor) unread(err error) Finding {
	f := d.unseen("the deployed policy could not be read, and with it no target was looked at", err)
	if _, denied := d.Denied(err); !denied {
		f.Level = Problem
		f.Do = "Deploy, by this version of sagescale; if it stays, see whether the function schedule is there."
	}
	return f
}

// differences says how the targets of a policy differ from those of a file.
func differences(deployed, file *policy.Policy) string {
	var added, changed, removed []string
	for _, t := range file.Targets {
		was, found := deployed.Find(t.Endpoint, t.Variant)
		switch {
		case !found:
			added = append(added, t.Key())
		case !equal(was, t):
			changed = append(changed, t.Key())
		}
	}
	for _, t := range deployed.Targets {
		if _, found := file.Find(t.Endpoint, t.Variant); !found {
			removed = append(removed, t.Key())
		}
	}
	var parts []string
	for _, p := range []struct {
		verb  string
		names []string
	}{{"adds", added}, {"changes", changed}, {"removes", removed}} {
		if len(p.names) > 0 {
			parts = append(parts, "the file "+p.verb+" "+list(p.names))
		}
	}
	if len(parts) == 0 {
		return "it has the same targets in another order"
	}
	return strings.Join(parts, ", ")
}

// equal reports whether two targets have one policy, as its digest counts it.
func equal(a, b policy.Target) bool {
	one, errOne := json.Marshal(a)
	other, errOther := json.Marshal(b)
	return errOne == nil && errOther == nil && string(one) == string(other)
}
