using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.ClusterTests;

/// <summary>Every way in which a workload does not come up, on a real kubelet and scheduler, is said within seconds.</summary>
public sealed class ReasonTests(Cluster cluster)
{
    [Fact]
    public async Task A_function_that_serves_is_deployed()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("serves", code: "exports.handler = () => 'hello'");
        await cluster.DeployAsync(workload);
        var said = await cluster.SaysAsync("serves", Reasons.DeploymentSucceeded);
        Assert.Equal((ConditionStatus.True, true, 1), (said!.Status, said.Serving, said.ReadyReplicas));
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_said_in_the_kubelets_words()
    {
        cluster.Require();
        await cluster.DeployAsync(await cluster.ALambdaAsync("no-image", image: $"localhost:5000/no/such@sha256:{new string('0', 64)}"));
        var said = await cluster.SaysAsync("no-image", Reasons.ImagePullFailed);
        Assert.Contains("localhost:5000", said!.Message, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(said.Message);
    }

    [Fact]
    public async Task A_secret_that_is_missing_is_named_and_the_function_starts_when_it_comes()
    {
        cluster.Require();
        IReadOnlyList<EnvVar> env =
            [.. Cluster.Code("exports.handler = () => 1"), new() { Name = "P", ValueFrom = new() { SecretKeyRef = new() { Name = "late", Key = "password" } } }];
        await cluster.DeployAsync(await cluster.ALambdaAsync("no-secret", s => s with { Env = env }));
        var said = await cluster.SaysAsync("no-secret", Reasons.ConfigNotFound);
        Assert.Contains("secret \"late\" not found", said!.Message, StringComparison.Ordinal);

        await cluster.Client.CoreV1.CreateNamespacedSecretAsync(
            new V1Secret { Metadata = new V1ObjectMeta { Name = "late" }, StringData = new Dictionary<string, string> { ["password"] = "x" } }, cluster.Namespace);
        await cluster.SaysAsync("no-secret", Reasons.DeploymentSucceeded);
    }

    [Fact]
    public async Task A_pod_that_no_node_can_take_is_said_in_the_schedulers_words()
    {
        cluster.Require();
        await cluster.DeployAsync(await cluster.ALambdaAsync("no-room",
            s => s with { Resources = new() { Requests = new Dictionary<string, string> { ["cpu"] = "900" } } }));
        var said = await cluster.SaysAsync("no-room", Reasons.Unschedulable);
        Assert.Contains("Insufficient cpu", said!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_account_that_is_missing_is_said_until_it_is_taken_out_of_the_spec()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("no-account", s => s with { ServiceAccountName = "nobody" });
        await cluster.DeployAsync(workload);
        var said = await cluster.SaysAsync("no-account", Reasons.PodRejected);
        Assert.Contains("nobody", said!.Message, StringComparison.Ordinal);
        Assert.Contains("spec.serviceAccountName", said.Message, StringComparison.Ordinal);

        await cluster.DeployAsync(Cluster.Next(workload, s => s with { ServiceAccountName = null, Env = Cluster.Code("exports.handler = () => 1") }));
        await cluster.SaysAsync("no-account", Reasons.DeploymentSucceeded);
    }

    [Fact]
    public async Task What_the_API_server_refuses_is_said_in_its_words()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("refused");
        var said = await cluster.DeployAsync(workload with { Spec = workload.Spec with { Env = [new() { Name = "a b", Value = "" }] } });
        Assert.Equal((ConditionStatus.False, Reasons.ApplyFailed), (said.Status, said.Reason));
        Assert.Contains("a b", said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_new_revision_is_said_while_the_old_one_serves()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("half", code: "exports.handler = () => 1");
        await cluster.DeployAsync(workload);
        await cluster.SaysAsync("half", Reasons.DeploymentSucceeded);
        await cluster.DeployAsync(Cluster.Next(workload, s => s with { Env = Cluster.Code("boom(") }, revision: "ba9876543210"));
        var said = await cluster.SaysAsync("half", Reasons.LoadFailed);
        Assert.Equal((ConditionStatus.False, true, "ba9876543210"), (said!.Status, said.Serving, said.Revision));
    }
}
