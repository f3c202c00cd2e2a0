package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sagescale/internal/activity"
)

// assumption is a thing that sagescale assumes of AWS and that nothing but AWS can show.
// The README lists them all; these show without doing any harm.
type assumption string

// The assumptions.
const (
	refusalText assumption = "SageMaker says of an endpoint that is not there: Could not find endpoint"
	modified    assumption = "SageMaker moves an endpoint's LastModifiedTime when its capacity changes"
	delay       assumption = "SageMaker's metrics come within two minutes"
	zeros       assumption = "SageMaker publishes zeros for an endpoint without traffic"
	lowerCase   assumption = "IAM takes an endpoint's ARN with its name in lower case"
)

func assumptions() []assumption {
	return []assumption{refusalText, modified, delay, zeros, lowerCase}
}

// verdict is what was seen of an assumption.
type verdict int

const (
	notSeen verdict = iota
	confirmed
	contradicted
)

// evidence is one thing that was seen of an assumption.
type evidence struct {
	of      assumption
	verdict verdict
	what    string
}

// judge makes one finding of all evidence of each assumption: one contradiction outweighs
// any number of confirmations.
func judge(all []evidence) []Finding {
	found := make([]Finding, 0, len(assumptions()))
	for _, a := range assumptions() {
		said := map[verdict][]string{}
		for _, e := range all {
			if e.of == a {
				said[e.verdict] = append(said[e.verdict], e.what)
			}
		}
		f := Finding{Check: "assumptions"}
		switch {
		case len(said[contradicted]) > 0:
			f.Level, f.What = Warning, fmt.Sprintf("Contradicted: %s. Seen: %s.", a, several(said[contradicted]))
			f.Why, f.Do = consequence(a), "Tell the maintainers of sagescale, with this finding."
		case len(said[confirmed]) > 0:
			f.Level, f.What = OK, fmt.Sprintf("confirmed: %s: %s", a, several(said[confirmed]))
		case len(said[notSeen]) > 0:
			f.Level, f.What = Note, fmt.Sprintf("Not seen: %s: %s.", a, several(said[notSeen]))
		default:
			f.Level, f.What = Note, fmt.Sprintf("Not seen: %s: nothing here shows it.", a)
		}
		found = append(found, f)
	}
	return found
}

// several says the first of what was seen, and how much more there was.
func several(all []string) string {
	if len(all) == 1 {
		return all[0]
	}
	return fmt.Sprintf("%s, and %d more", all[0], len(all)-1)
}

// consequence says what comes of it if an assumption is wrong.
func consequence(a assumption) string {
	return map[assumption]string{
		refusalText: "An endpoint that is not there counts as one that cannot be reached: its evaluations fail, and say so.",
		modified:    "A cooldown whose beginning was forgotten, as with a state that was lost, may begin too early.",
		delay:       "Until a datapoint is there it counts as missing, which holds every scale-in.",
		zeros:       "Without traffic there is nothing to go by: an idle endpoint keeps its capacity, because missing is not zero.",
		lowerCase:   "An endpoint with upper-case letters in its name may be refused to the functions.",
	}[a]
}

// nobody is the name of an endpoint that nobody makes.
const nobody = "sagescale-doctor-asks-for-an-endpoint-that-is-not-there"

// refusal looks at how SageMaker says that there is no endpoint of a name.
func (d *Doctor) refusal(ctx context.Context) result {
	_, err := d.Endpoints.Describe(ctx, nobody)
	e := evidence{of: refusalText}
	switch _, denied := d.Denied(err); {
	case errors.Is(err, activity.ErrNotFound):
		e.verdict, e.what = confirmed, "of the name "+nobody
	case denied:
		e.what = "these credentials may not do sagemaker:DescribeEndpoint on any name"
	case errors.Is(err, activity.ErrRefused):
		e.verdict, e.what = contradicted, strings.TrimRight(say(err), ". ")
	case err != nil:
		e.what = strings.TrimRight(say(err), ". ")
	default:
		e.what = "there is an endpoint " + nobody
	}
	return result{seen: []evidence{e}}
}
