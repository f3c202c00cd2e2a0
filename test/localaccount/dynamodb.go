package localaccount

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// DynamoDB is a running DynamoDB Local, empty at the start and in memory.
type DynamoDB struct {
	// Endpoint serves DynamoDB.
	Endpoint string

	files files
	all   servers
}

// ErrNotInstalled says that the checkout was set up without DynamoDB Local, because the machine has
// no Java or no Maven.
var ErrNotInstalled = errors.New("DynamoDB Local is not installed: it needs Java and Maven")

// StartDynamoDB starts Amazon's DynamoDB Local from the checkout that holds dir and returns when it
// answers. The same rules as for Start hold for the context, for Stop and for errors. It needs a
// JDK, 17 or newer, and fails with ErrNotInstalled in a checkout that was set up without.
func StartDynamoDB(ctx context.Context, dir string) (*DynamoDB, error) {
	root, err := findRoot(dir, ".dynamodb-local")
	if err != nil {
		return nil, fmt.Errorf("find DynamoDB Local: %w", err)
	}
	jars := filepath.Join(root, ".dynamodb-local")
	if found, err := filepath.Glob(filepath.Join(jars, "*.jar")); err != nil || len(found) == 0 {
		return nil, ErrNotInstalled
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	tmp, err := newFiles()
	if err != nil {
		return nil, err
	}
	d := &DynamoDB{Endpoint: endpoint(port), files: tmp}
	err = d.all.start(ctx, d.files, command{
		name: "dynamodb-local",
		args: []string{
			"java", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + tmp.tmp, "-Djava.library.path=" + jars,
			"-cp", filepath.Join(jars, "*"),
			filepath.Join(root, "test", "localaccount", "LocalDynamoDB.java"), strconv.Itoa(port),
		},
		env:   []string{"DDB_LOCAL_TELEMETRY=0"},
		ready: d.Endpoint + "/",
	})
	if err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

// AWSConfig returns a configuration whose DynamoDB client reaches the server, whatever the
// environment of the test says.
func (d *DynamoDB) AWSConfig() aws.Config {
	return awsConfig(d.Endpoint)
}

// Logs returns what the server has written so far, for the message of a failed test.
func (d *DynamoDB) Logs() string {
	return d.all.logs()
}

// Stop ends the server, removes its files and returns when both are gone. It may be called more
// than once.
func (d *DynamoDB) Stop() error {
	return errors.Join(d.all.stop(), d.files.remove())
}
