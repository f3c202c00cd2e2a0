// Command alarm is the Lambda function that handles CloudWatch alarms.
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
		fmt.Fprintln(os.Stderr, "start function alarm:", err)
		os.Exit(1)
	}
	lambda.Start(f.Alarm)
}
