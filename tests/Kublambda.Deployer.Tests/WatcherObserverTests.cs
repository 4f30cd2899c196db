using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Triggers;
using Kublambda.Hosting;
using Kublambda.Hosting.Broker;
using Kublambda.Kubernetes;

namespace Kublambda.Deployer.Tests;

/// <summary>From what is seen of a watcher to what is said of each trigger.</summary>
public sealed class WatcherObserverTests
{
    private static readonly KindResource ConfigMap = new("", "v1", "ConfigMap", "configmaps", Namespaced: true);
    private static readonly TriggerStatus Counted = new() { Name = "maps", Ready = true, Seen = 4, Matched = 3, Delivered = 2, Failed = 1, Waiting = 0 };

    private static readonly WatcherView Running = new()
    {
        Home = "shop",
        Triggers = [new TriggerSpec { Name = "maps", Resource = new ResourceTrigger { ApiVersion = "v1", Kind = "ConfigMap" } }],
        Plan = new WatchPlan([new WatchTarget(ConfigMap, "shop")], []),
        Deployment = new V1Deployment { Status = new V1DeploymentStatus { AvailableReplicas = 1 } },
        Reports = [Counted],
    };

    private static TriggerStatus Of(WatcherView view) => Assert.Single(WatcherObserver.Observe(view));

    [Fact]
    public void What_the_watcher_says_of_itself_is_passed_on() => Assert.Equal(Counted, Of(Running));

    [Fact]
    public void While_its_pod_starts_the_trigger_waits_and_keeps_its_counts()
    {
        var status = Of(Running with { Deployment = new V1Deployment() });
        Assert.Equal((false, Reasons.TriggerPending, 4L, 1L), (status.Ready, status.Reason, status.Seen, status.Failed));
    }

    [Fact]
    public void A_pod_that_cannot_start_is_a_failure_with_its_cause()
    {
        var status = Of(Running with { Deployment = new V1Deployment(), Trouble = "ImagePullBackOff: no such image" });
        Assert.Equal((false, Reasons.TriggerFailing), (status.Ready, status.Reason));
        Assert.Contains("no such image", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broker_that_is_away_is_a_failure_and_a_passing_fault_is_waited_for()
    {
        Assert.Equal(Reasons.TriggerFailing, Of(Running with { Failure = new BrokerException("away") }).Reason);
        Assert.Equal(Reasons.TriggerPending, Of(Running with { Failure = new WaitingException("409") }).Reason);
    }

    [Fact]
    public void Rights_above_the_deployers_own_are_forbidden_and_concern_only_their_namespace()
    {
        var grant = new StalledException(Reasons.ApplyFailed, "roles is forbidden: user is attempting to grant RBAC permissions not currently held");
        Assert.Equal(Reasons.TriggerForbidden, Of(Running with { Refused = [("shop", grant)] }).Reason);
        Assert.True(Of(Running with { Refused = [("desk", grant), (null, grant)] }).Ready);
        Assert.Equal(Reasons.TriggerFailing, Of(Running with { Refused = [("shop", new WaitingException("namespaces \"shop\" not found"))] }).Reason);
    }

    [Fact]
    public void A_refused_trigger_stays_refused_whatever_the_watcher_says()
    {
        var refusal = new TriggerStatus { Name = "maps", Reason = Reasons.TriggerForbidden, Message = "The policy." };
        var status = Of(Running with { Plan = new WatchPlan([], [refusal]) });
        Assert.Equal((false, Reasons.TriggerForbidden, "The policy."), (status.Ready, status.Reason, status.Message));
    }

    [Fact]
    public void A_shared_watcher_has_no_Deployment_to_wait_for()
    {
        Assert.True(Of(Running with { Shared = true, Deployment = null }).Ready);
        Assert.Equal(Reasons.TriggerPending, Of(Running with { Shared = true, Deployment = null, Reports = [] }).Reason);
    }

    [Fact]
    public void The_watchers_pods_do_not_carry_the_labels_of_the_functions()
    {
        var deployment = WatcherRenderer.Deployment(new LambdaRef("shop", "hello", Build.Uid), new TriggerOptions(), new RabbitMqOptions { Host = "rabbit" }, [], "c");
        Assert.DoesNotContain(Labels.LambdaUid, deployment.Spec.Template.Metadata.Labels.Keys);
        Assert.DoesNotContain(Labels.Lambda, deployment.Spec.Template.Metadata.Labels.Keys);
        Assert.DoesNotContain(deployment.Spec.Template.Spec.Containers[0].Env, e => e.Name.Contains("Password", StringComparison.Ordinal));
        Assert.Equal("c", deployment.Spec.Template.Metadata.Annotations[WatcherRenderer.Credentials]);
    }
}
