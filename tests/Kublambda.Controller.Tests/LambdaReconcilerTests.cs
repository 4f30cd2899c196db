using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;
using Kublambda.Controller.Validation;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kublambda.Controller.Tests;

/// <summary>Which changes ask for work: too few and something is never done, too many and the bus is flooded by our own writes.</summary>
public sealed class LambdaReconcilerTests : IDisposable
{
    private readonly WorkQueue<LambdaKey> _queue = new(TimeProvider.System);
    private readonly LambdaReconciler _reconciler;

    public LambdaReconcilerTests() =>
        _reconciler = new LambdaReconciler(null!, null!, null!, null!, _queue, Microsoft.Extensions.Options.Options.Create(new FollowOptions()), TimeProvider.System, NullLogger<LambdaReconciler>.Instance);

    public void Dispose()
    {
        _reconciler.Dispose();
        _queue.Dispose();
    }

    private static Lambda ASeenLambda(long generation = 1, Action<Lambda>? change = null)
    {
        var lambda = new ALambda().AtGeneration(generation).Build();
        lambda.Metadata.Finalizers = [Labels.Finalizer];
        lambda.Status = StatusProjection.Project(lambda, Verdict.Valid, DateTimeOffset.UnixEpoch);
        change?.Invoke(lambda);
        return lambda;
    }

    private bool AsksForWork(ChangeType type, Lambda now, Lambda? old)
    {
        _reconciler.OnChange(new ResourceChange<Lambda>(type, now, old));
        return _queue.Count > 0;
    }

    [Theory]
    [InlineData(ChangeType.Added)]
    [InlineData(ChangeType.Resync)]
    public void What_is_seen_for_the_first_time_or_listed_again(ChangeType type) => Assert.True(AsksForWork(type, ASeenLambda(), null));

    [Fact]
    public void Not_a_status_that_the_controller_wrote() => Assert.False(AsksForWork(
        ChangeType.Modified,
        ASeenLambda(change: lambda => lambda.Status = lambda.Status! with { Url = "http://x" }),
        ASeenLambda()));

    [Fact]
    public void A_new_generation() => Assert.True(AsksForWork(ChangeType.Modified, ASeenLambda(2), ASeenLambda()));

    [Fact]
    public void A_deletion() =>
        Assert.True(AsksForWork(ChangeType.Modified, ASeenLambda(change: lambda => lambda.Metadata.DeletionTimestamp = DateTime.UnixEpoch), ASeenLambda()));

    [Fact]
    public void A_finalizer_that_somebody_took_off() =>
        Assert.True(AsksForWork(ChangeType.Modified, ASeenLambda(change: lambda => lambda.Metadata.Finalizers = null), ASeenLambda()));

    [Fact]
    public void An_annotation() => Assert.True(AsksForWork(
        ChangeType.Modified,
        ASeenLambda(change: lambda => lambda.Metadata.Annotations = new Dictionary<string, string> { ["kublambda.dev/rebuild"] = "1" }),
        ASeenLambda()));

    [Fact]
    public void A_status_that_somebody_emptied() =>
        Assert.True(AsksForWork(ChangeType.Modified, ASeenLambda(change: lambda => lambda.Status = null), ASeenLambda()));

    [Fact]
    public void One_that_cannot_be_read()
    {
        _reconciler.OnMalformed("shop", "hello", new FormatException());
        Assert.Equal(1, _queue.Count);
    }
}
