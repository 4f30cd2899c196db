using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;
using Kublambda.Controller.Validation;

namespace Kublambda.Controller.Tests;

/// <summary>A Lambda is Ready only when its resource triggers are.</summary>
public sealed class TriggerReadinessTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static LambdaStatus After(params TriggerStatus[] triggers)
    {
        var lambda = new ALambda().WithTriggers(
            new TriggerSpec { Name = "web", Http = new HttpTrigger() },
            new TriggerSpec { Name = "orders", Resource = new ResourceTrigger { ApiVersion = "v1", Kind = "ConfigMap" } }).Build();
        lambda.Status = StatusProjection.Project(lambda, Verdict.Valid, Now);
        var about = LambdaRef.Of(lambda);
        lambda.Status = StatusProjection.Project(lambda, new LambdaBuilt { Lambda = about, Generation = 1, Revision = "aaa", Image = "i", Pipeline = "buildah" }, Now);
        return StatusProjection.Project(
            lambda,
            new DeploymentObserved
            {
                Lambda = about,
                Generation = 1,
                Revision = "aaa",
                Image = "i",
                Status = ConditionStatus.True,
                Reason = Reasons.DeploymentSucceeded,
                Message = "Runs.",
                Serving = true,
                ReadyReplicas = 1,
                Selector = "a=b",
                Triggers = triggers,
            },
            Now)!;
    }

    private static LambdaCondition Ready(params TriggerStatus[] triggers) =>
        After(triggers).Conditions!.Single(condition => condition.Type == ConditionTypes.Ready);

    [Fact]
    public void All_triggers_ready_is_ready() =>
        Assert.Equal((ConditionStatus.True, Reasons.Ready), StatusOf(Ready(new() { Name = "web", Ready = true }, new() { Name = "orders", Ready = true })));

    [Fact]
    public void A_resource_trigger_that_nobody_has_spoken_of_yet_is_waited_for() =>
        Assert.Equal((ConditionStatus.Unknown, Reasons.TriggerPending), StatusOf(Ready(new TriggerStatus { Name = "web", Ready = true })));

    [Fact]
    public void One_that_is_refused_says_its_name_its_reason_and_what_to_do()
    {
        var ready = Ready(new() { Name = "web", Ready = true }, new() { Name = "orders", Reason = Reasons.TriggerForbidden, Message = "The policy says no." });
        Assert.Equal((ConditionStatus.False, Reasons.TriggerForbidden), StatusOf(ready));
        Assert.Equal("Trigger orders: The policy says no.", ready.Message);
    }

    [Fact]
    public void An_HTTP_trigger_that_waits_for_its_load_balancer_does_not_make_it_unready() =>
        Assert.Equal((ConditionStatus.True, Reasons.Ready), StatusOf(Ready(new() { Name = "web", Message = "No address yet." }, new() { Name = "orders", Ready = true })));

    [Fact]
    public void An_HTTP_trigger_whose_host_is_anothers_makes_it_unready()
    {
        var ready = Ready(new() { Name = "web", Reason = Reasons.HostTaken, Message = "The host is taken." }, new() { Name = "orders", Ready = true });
        Assert.Equal((ConditionStatus.False, Reasons.HostTaken), StatusOf(ready));
        Assert.Equal("Trigger web: The host is taken.", ready.Message);
    }

    [Fact]
    public void What_is_counted_is_in_the_status()
    {
        var trigger = new TriggerStatus
        {
            Name = "orders",
            Ready = true,
            Seen = 5,
            Matched = 4,
            Delivered = 3,
            Failed = 1,
            Waiting = 0,
            LastError = new TriggerFault { Time = Now, Message = "503" },
        };
        Assert.Equal([trigger], After(trigger).Triggers!);
    }

    private static (string, string) StatusOf(LambdaCondition condition) => (condition.Status, condition.Reason);

    [Fact]
    public void What_becomes_of_a_resource_trigger_is_an_Event_each_time_it_changes()
    {
        var (web, watches) = (new TriggerStatus { Name = "web", Ready = true }, new TriggerStatus { Name = "orders", Ready = true, Seen = 0, Failed = 0 });
        var starting = After(web, new() { Name = "orders", Reason = Reasons.TriggerPending, Message = "It starts." });
        var ready = After(web, watches);
        Assert.Equal([(false, Reasons.TriggerReady, "Trigger orders watches.")], OfTrigger(starting, ready));
        Assert.Empty(OfTrigger(ready, After(web, watches with { Seen = 5, Delivered = 5 })));
        var failed = watches with { Failed = 2, LastError = new() { Message = "It answered 422." } };
        var (warning, reason, message) = Assert.Single(OfTrigger(ready, After(web, failed)));
        Assert.Equal((true, Reasons.EventGivenUp), (warning, reason));
        Assert.EndsWith("dead letters now. It answered 422.", message, StringComparison.Ordinal);
        Assert.Empty(OfTrigger(After(web, failed), After(web, failed)));
        var refused = After(web, watches with { Ready = false, Reason = Reasons.TriggerForbidden, Message = "The policy says no." });
        Assert.Equal([(true, Reasons.TriggerForbidden, "Trigger orders: The policy says no.")], OfTrigger(ready, refused));
        Assert.Empty(OfTrigger(ready, starting));
    }

    private static IEnumerable<(bool Warning, string Reason, string Message)> OfTrigger(LambdaStatus before, LambdaStatus after) =>
        ConditionEvents.Between(before, after).Where(item => item.Reason != Reasons.Ready).Select(item => (item.Warning, item.Reason, item.Message));
}
