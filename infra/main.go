// Command infra is the CDK app that deploys sagescale: the functions with their
// policy file, what wakes them, the state table, the alarms that tell when
// sagescale itself is in trouble, and the dashboards. Run it by `cdk`, in the repository's root.
//
// The template depends on the source, the policy file and the context values
// alone: neither the clock nor an account is asked. Aspects run cdk-nag over
// every synth; a finding that is not suppressed with a reason fails it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/jsii-runtime-go"
)

func main() {
	err := synthesize(context.Background(), "build", nil)
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
