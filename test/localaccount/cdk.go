package localaccount

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Bootstrap prepares the account for cdk deploy, as `cdk bootstrap` does.
func (a *Account) Bootstrap(ctx context.Context) error {
	// Not in the checkout, where a cdk.json would have the CDK run the app first.
	if out, err := a.CDK(ctx, a.files.home, "bootstrap", "aws://"+AccountID+"/"+Region); err != nil {
		return fmt.Errorf("%w; it wrote:\n%s", err, out)
	}
	// This bucket's policy refuses plain HTTP, which is all we speak, and the account enforces it.
	bucket := "/cdk-hnb659fds-assets-" + AccountID + "-" + Region
	_, err := a.do(ctx, request{method: http.MethodDelete, path: bucket + "?policy=", service: "s3"})
	if err != nil {
		return fmt.Errorf("delete bucket policy: %w", err)
	}
	return nil
}

// CDK runs infra's CDK command line on the account in a directory and returns what it wrote, also
// when it fails. The end of the context ends it and the app it runs.
func (a *Account) CDK(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(a.bin(), "cdk"), args...)
	cmd.Dir = dir
	cmd.Env = a.Env()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("run cdk %s: %w", args[0], err)
	}
	return string(out), nil
}

// Env returns the whole environment of a child process that works on the account, such as cdk: the
// caller's without its AWS and CDK settings, with ours, with infra/node_modules/.bin first in PATH.
// The CDK keeps account ids in its home, whatever HOME says, so it gets a fresh one.
func (a *Account) Env() []string {
	return append(foreignEnv(),
		"PATH="+a.bin()+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_ENDPOINT_URL="+a.Endpoint, "AWS_ENDPOINT_URL_SAGEMAKER="+a.SageMakerEndpoint,
		"AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING="+a.SageMakerEndpoint,
		"AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey,
		"AWS_REGION="+Region, "AWS_DEFAULT_REGION="+Region,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
		"CDK_HOME="+filepath.Join(a.files.home, ".cdk"), "CDK_DISABLE_CLI_TELEMETRY=true",
		"CDK_DISABLE_VERSION_CHECK=true", "CDK_NOTICES=false",
	)
}

// bin is where infra's node and cdk are.
func (a *Account) bin() string {
	return filepath.Join(a.root, "infra", "node_modules", ".bin")
}
