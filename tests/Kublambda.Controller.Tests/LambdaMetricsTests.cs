using System.Diagnostics.Metrics;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;
using Kublambda.Controller.Validation;
using Kublambda.Kubernetes;
using Microsoft.Extensions.DependencyInjection;

namespace Kublambda.Controller.Tests;

public sealed class LambdaMetricsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly LeaderGate _gate = new();

    public void Dispose()
    {
        _gate.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void Lambdas_are_counted_by_what_Ready_says_and_a_group_that_empties_is_said_as_0()
    {
        var metrics = new LambdaMetrics(_services.GetRequiredService<IMeterFactory>(), null!, _gate);

        Assert.Equal(
            [("False Invalid", 1), ("Unknown ", 1), ("Unknown BuildPending", 2)],
            Said(metrics, Seen(Verdict.Valid), Seen(Verdict.Valid), Seen(new Verdict(false, Reasons.Invalid, "no")), new ALambda().Build()));
        Assert.Equal([("False Invalid", 0), ("Unknown ", 0), ("Unknown BuildPending", 1)], Said(metrics, Seen(Verdict.Valid)));
        Assert.All(Said(metrics), group => Assert.Equal(0, group.Count));
    }

    private static Lambda Seen(Verdict verdict)
    {
        var lambda = new ALambda().Build();
        lambda.Status = StatusProjection.Project(lambda, verdict, DateTimeOffset.UnixEpoch);
        return lambda;
    }

    private static List<(string Group, int Count)> Said(LambdaMetrics metrics, params Lambda[] lambdas) =>
        [.. metrics.Measure(lambdas).Select(m => (string.Join(' ', m.Tags.ToArray().Select(tag => tag.Value)), m.Value)).OrderBy(said => said.Item1, StringComparer.Ordinal)];
}
