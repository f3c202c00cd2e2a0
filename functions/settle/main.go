// Command settle is the Lambda function that handles changes of an endpoint's status.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"sagescale/internal/wire"
)

func main() {
	f, err := wire.Function(context.Background(), os.LookupEnv, os.Stdout, time.Now)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start function settle:", err)
		os.Exit(1)
	}
	lambda.Start(f.Settle)
}
