// Package localaccount runs an AWS account on this machine, for contract and end-to-end tests,
// without Docker.
//
// [Start] gives MiniStack (CloudFormation, Lambda running the real bootstrap, EventBridge,
// DynamoDB, CloudWatch, ...) and moto for SageMaker; [StartDynamoDB] gives Amazon's own DynamoDB
// Local, the judge of the state store. They come from test/requirements.txt and test/pom.xml,
// installed into the checkout.
//
// Every server listens on 127.0.0.1 only, sees nothing of the caller's environment but PATH, and
// keeps its files in a temporary directory of its own. Its process group, the Lambda runtimes in it
// included, ends with Stop, and also when the test binary dies without calling it: each group holds
// a guard that waits for the test's end of a pipe.
package localaccount

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// Region and AccountID are those of every ARN in the local account.
const (
	Region    = "us-east-1"
	AccountID = "000000000000"
)

// startTimeout bounds one server's start: about a second on an idle machine, many on one that
// compiles beside it.
const startTimeout = 2 * time.Minute

// Account is a running local AWS account. Its methods may be called from several goroutines; Stop
// ends it.
type Account struct {
	// Endpoint serves all services but SageMaker.
	Endpoint string
	// SageMakerEndpoint serves SageMaker. It is moto, which knows DynamoDB too, with a state of its
	// own: a second opinion.
	SageMakerEndpoint string

	root  string
	files files
	all   servers
}

// Start starts MiniStack and moto from the checkout that holds dir and returns when both answer.
// The context bounds the start alone: the servers live until Stop, which the caller must call, best
// by t.Cleanup. When Start fails, nothing is left running and the error carries the end of the
// server's log.
func Start(ctx context.Context, dir string) (*Account, error) {
	root, err := findRoot(dir, filepath.Join(".venv", "bin", "python"))
	if err != nil {
		return nil, fmt.Errorf("find python environment: %w", err)
	}
	tmp, err := newFiles()
	if err != nil {
		return nil, err
	}
	a := &Account{root: root, files: tmp}
	if err := a.start(ctx); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	return a, nil
}

func (a *Account) start(ctx context.Context) error {
	if err := a.startMoto(ctx); err != nil {
		return err
	}
	return a.startMiniStack(ctx)
}

func (a *Account) startMoto(ctx context.Context) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	a.SageMakerEndpoint = endpoint(port)
	server := filepath.Join(a.root, ".venv", "bin", "moto_server")
	return a.all.start(ctx, a.files, command{
		name:  "moto",
		args:  []string{server, "-H", "127.0.0.1", "-p", strconv.Itoa(port)},
		ready: a.SageMakerEndpoint + "/moto-api/",
		env:   []string{"MOTO_ACCOUNT_ID=" + AccountID},
	})
}

func (a *Account) startMiniStack(ctx context.Context) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	a.Endpoint = endpoint(port)
	return a.all.start(ctx, a.files, command{
		name:  "ministack",
		args:  []string{filepath.Join(a.root, ".venv", "bin", "python"), "-m", "ministack"},
		ready: a.Endpoint + "/_ministack/health",
		env: []string{
			"BIND_HOST=127.0.0.1",
			"GATEWAY_PORT=" + strconv.Itoa(port),
			"MINISTACK_REGION=" + Region,
			// MiniStack hands its environment on to the Lambdas: so they find it, and moto.
			"AWS_ENDPOINT_URL=" + a.Endpoint,
			"AWS_ENDPOINT_URL_SAGEMAKER=" + a.SageMakerEndpoint,
			// MiniStack has no Application Auto Scaling; moto does.
			"AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING=" + a.SageMakerEndpoint,
			// Lambdas get keys of their execution role, whose policies are enforced; ours is
			// root's.
			"AUTH=true",
			// These two would listen on all interfaces, at fixed ports.
			"IOT_MTLS_ENABLED=0",
			"SFTP_ENABLED=0",
			"STATE_DIR=" + filepath.Join(a.files.tmp, "state"),
			"S3_DATA_DIR=" + filepath.Join(a.files.tmp, "s3"),
		},
	})
}

// Stop ends every process of the account, removes its files and returns when both are gone. It may
// be called more than once. Read Logs before.
func (a *Account) Stop() error {
	return errors.Join(a.all.stop(), a.files.remove())
}

// Logs returns what the servers have written so far, for the message of a failed test.
func (a *Account) Logs() string {
	return a.all.logs()
}
