using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Observing;
using Kublambda.Deployer.Rendering;
using static Kublambda.Deployer.Tests.Build;

namespace Kublambda.Deployer.Tests;

public sealed class ObserverTests
{
    private const string Told = "The module index has no export handler.\nRemedy: export it.";

    private static DeploymentObserved Observe(WorkloadView view) => Observer.Observe(view, Now);

    [Fact]
    public void All_replicas_available_is_deployed()
    {
        var observed = Observe(AView(ADeployment(available: 1), APod(Running(5), ready: true)));
        Assert.Equal((ConditionStatus.True, Reasons.DeploymentSucceeded, true, 1), (observed.Status, observed.Reason, observed.Serving, observed.ReadyReplicas));
        Assert.Equal("http://192.0.2.1:30123", observed.Url);
        Assert.True(Assert.Single(observed.Triggers).Ready);
    }

    [Fact]
    public void A_controller_that_has_not_seen_the_change_yet_does_not_count()
    {
        var deployment = ADeployment(available: 1);
        deployment.Metadata.Generation = 4;
        Assert.Equal((ConditionStatus.Unknown, Reasons.RollingOut), StatusOf(AView(deployment, APod(Running(5), ready: true))));
    }

    [Fact]
    public void An_old_replica_that_is_still_there_is_a_rollout_under_way() =>
        Assert.Equal((ConditionStatus.Unknown, Reasons.RollingOut),
            StatusOf(AView(ADeployment(updated: 1, total: 2, available: 1), APod(Running(3)), APod(Running(99), rollout: 1, ready: true))));

    [Fact]
    public void An_older_revision_that_serves_while_the_new_one_fails_is_said_to_serve()
    {
        var observed = Observe(AView(ADeployment(total: 2, available: 1),
            APod(Waiting("CrashLoopBackOff"), last: Ended(64, Told)), APod(Running(99), rollout: 1, ready: true)));
        Assert.Equal((ConditionStatus.False, Reasons.HandlerNotFound, true), (observed.Status, observed.Reason, observed.Serving));
        Assert.Equal(Told, observed.Message);
    }

    [Fact]
    public void A_crashing_pod_of_the_old_revision_is_not_blamed_on_the_new_one() =>
        Assert.Equal((ConditionStatus.Unknown, Reasons.RollingOut),
            StatusOf(AView(ADeployment(total: 2), APod(Running(3)), APod(Waiting("CrashLoopBackOff"), rollout: 1, last: Ended(1)))));

    [Theory]
    [InlineData(64, Reasons.HandlerNotFound)]
    [InlineData(65, Reasons.LoadFailed)]
    [InlineData(66, Reasons.LoadFailed)]
    [InlineData(70, Reasons.Unresponsive)]
    [InlineData(71, Reasons.OutOfMemory)]
    [InlineData(1, Reasons.CrashLoop)]
    [InlineData(0, Reasons.CrashLoop)]
    [InlineData(137, Reasons.CrashLoop)]
    public void The_exit_code_tells_the_reason_at_the_first_crash_already(int exitCode, string reason)
    {
        var observed = Observe(AView(ADeployment(), APod(Ended(exitCode))) with { Details = new PodDetails("line 1\nline 2", []) });
        Assert.Equal((ConditionStatus.False, reason), (observed.Status, observed.Reason));
        Assert.Contains("\nRemedy: ", observed.Message, StringComparison.Ordinal);
        Assert.EndsWith("Last lines of the log of hello-2-x:\nline 1\nline 2", observed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_reason_stays_while_the_next_try_runs() =>
        Assert.Equal((ConditionStatus.False, Reasons.CrashLoop),
            StatusOf(AView(ADeployment(), APod(Running(1), last: Ended(3), restarts: 2))));

    [Fact]
    public void The_log_of_the_container_that_crashed_is_asked_for()
    {
        Assert.Equal(LogOf.Current, FailureOf(APod(Ended(3)))!.Log);
        Assert.Equal(LogOf.Previous, FailureOf(APod(Waiting("CrashLoopBackOff"), last: Ended(3)))!.Log);
    }

    [Fact]
    public void Memory_that_ran_out_names_the_limit()
    {
        var observed = Observe(AView(ADeployment(), APod(Waiting("CrashLoopBackOff"), last: Ended(137, reason: "OOMKilled"), restarts: 1)));
        Assert.Equal(Reasons.OutOfMemory, observed.Reason);
        Assert.Contains("limit 256Mi", observed.Message, StringComparison.Ordinal);
        Assert.Contains("spec.resources.limits.memory", observed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ErrImagePull")]
    [InlineData("ImagePullBackOff")]
    [InlineData("InvalidImageName")]
    public void An_image_that_cannot_be_pulled_names_the_registry_as_nodes_know_it(string reason)
    {
        var view = AView(ADeployment(), APod(Waiting(reason, "Back-off pulling image"))) with { Details = new PodDetails(null, ["dial tcp: refused"]) };
        var observed = Observe(view);
        Assert.Equal((ConditionStatus.False, Reasons.ImagePullFailed), (observed.Status, observed.Reason));
        Assert.Contains("registry's name localhost:5000", observed.Message, StringComparison.Ordinal);
        Assert.Contains("dial tcp: refused", observed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_is_missing_is_named()
    {
        var observed = Observe(AView(ADeployment(), APod(Waiting("CreateContainerConfigError", "secret \"db\" not found"))));
        Assert.Equal((ConditionStatus.False, Reasons.ConfigNotFound), (observed.Status, observed.Reason));
        Assert.Contains("secret \"db\" not found", observed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9, ConditionStatus.Unknown, Reasons.RollingOut)]
    [InlineData(10, ConditionStatus.False, Reasons.NotListening)]
    public void A_process_that_runs_and_does_not_listen_is_given_ten_seconds(int seconds, string status, string reason) =>
        Assert.Equal((status, reason), StatusOf(AView(ADeployment(), APod(Running(seconds)))));

    [Fact]
    public void No_room_on_any_node_is_said_in_the_schedulers_words()
    {
        var pod = APod();
        pod.Status.Conditions.Add(new V1PodCondition
        {
            Type = "PodScheduled",
            Status = "False",
            Reason = "Unschedulable",
            Message = "0/1 nodes are available: 1 Insufficient cpu.",
        });
        var observed = Observe(AView(ADeployment(), pod));
        Assert.Equal((ConditionStatus.False, Reasons.Unschedulable), (observed.Status, observed.Reason));
        Assert.Contains("Insufficient cpu", observed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_that_are_refused_are_said_in_the_words_of_admission()
    {
        var replicaSet = AReplicaSet(2);
        replicaSet.Status = new V1ReplicaSetStatus
        {
            Conditions = [new() { Type = "ReplicaFailure", Status = "True", Reason = "FailedCreate", Message = "pods \"x\" is forbidden: exceeded quota: q" }],
        };
        var observed = Observe(AView(ADeployment(updated: 0, total: 0)) with { ReplicaSets = [replicaSet] });
        Assert.Equal((ConditionStatus.False, Reasons.PodRejected), (observed.Status, observed.Reason));
        Assert.Contains("ResourceQuota", observed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Replicas_that_the_autoscaler_adds_do_not_make_a_deployed_function_undeployed()
    {
        var deployment = ADeployment(replicas: 3, updated: 3, total: 3, available: 1);
        deployment.Status.Conditions.Add(new V1DeploymentCondition { Type = "Progressing", Status = "True", Reason = "NewReplicaSetAvailable" });
        Assert.Equal((ConditionStatus.True, Reasons.DeploymentSucceeded), StatusOf(AView(deployment, APod(Running(60), ready: true), APod(Running(1)))));
    }

    [Fact]
    public void A_deployed_function_that_crashes_later_is_not_deployed_any_more()
    {
        var deployment = ADeployment(available: 0);
        deployment.Status.Conditions.Add(new V1DeploymentCondition { Type = "Progressing", Status = "True", Reason = "NewReplicaSetAvailable" });
        Assert.Equal((ConditionStatus.False, Reasons.CrashLoop), StatusOf(AView(deployment, APod(Ended(1)))));
    }

    [Fact]
    public void A_refusal_of_the_API_server_is_said_while_old_pods_serve()
    {
        var observed = Observe(AView(null, APod(Running(60), rollout: 1, ready: true)) with { Stalled = new StalledException(Reasons.ApplyFailed, "no") });
        Assert.Equal((ConditionStatus.False, Reasons.ApplyFailed, "no", true), (observed.Status, observed.Reason, observed.Message, observed.Serving));
    }

    [Fact]
    public void A_message_keeps_to_its_length()
    {
        var view = AView(ADeployment(), APod(Ended(1))) with { Details = new PodDetails(new string('x', 20_000), []) };
        Assert.Equal(Limits.MessageLength, Observe(view).Message.Length);
    }

    [Theory]
    [InlineData(Exposures.ClusterIP, "http://hello.shop.svc/x")]
    [InlineData(Exposures.NodePort, "http://192.0.2.1:30123/x")]
    [InlineData(Exposures.LoadBalancer, "http://198.51.100.7/x")]
    [InlineData(Exposures.Ingress, "http://hello.shop.example.com/x")]
    public void Each_exposure_has_its_url(string exposure, string url)
    {
        var view = AView(ADeployment(available: 1), APod(Running(5), ready: true));
        view.Service!.Status = new V1ServiceStatus { LoadBalancer = new() { Ingress = [new V1LoadBalancerIngress { Ip = "198.51.100.7" }] } };
        var workload = AWorkload(with: s => s with { Triggers = [new() { Name = "web", Http = new() { Exposure = exposure, Path = "/x" } }] });
        var ingress = new V1Ingress
        {
            Status = new V1IngressStatus { LoadBalancer = new() { Ingress = [new V1IngressLoadBalancerIngress { Ip = "198.51.100.8" }] } },
        };
        var observed = Observe(view with { Routes = HttpRoute.Of(workload, new HttpOptions { Domain = "example.com" }), Ingress = ingress });
        Assert.Equal(url, observed.Url);
        Assert.True(observed.Triggers[0].Ready, observed.Triggers[0].Message);
    }

    [Fact]
    public void A_load_balancer_without_an_address_says_what_to_do()
    {
        var workload = AWorkload(with: s => s with { Triggers = [new() { Name = "web", Http = new() { Exposure = Exposures.LoadBalancer } }] });
        var observed = Observe(AView(ADeployment(available: 1), APod(Running(5), ready: true)) with { Routes = HttpRoute.Of(workload, new HttpOptions()) });
        Assert.Null(observed.Url);
        Assert.False(observed.Triggers[0].Ready);
        Assert.Contains("NodePort", observed.Triggers[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_trigger_the_url_is_the_one_inside_the_cluster() =>
        Assert.Equal("http://hello.shop.svc", Observe(AView(ADeployment()) with { Routes = [] }).Url);

    private static (string Status, string Reason) StatusOf(WorkloadView view) => (Observe(view).Status, Observe(view).Reason);

    private static PodFailure? FailureOf(V1Pod pod) => PodFailure.Of(pod, Now);
}
