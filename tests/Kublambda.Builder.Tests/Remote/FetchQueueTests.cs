using Kublambda.Builder.Remote;
using Kublambda.Contracts;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Tests.Remote;

public sealed class FetchQueueTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_namespace_takes_no_more_than_its_places_and_who_waited_longest_comes_next()
    {
        using var queue = new FetchQueue(TimeProvider.System, Options.Create(new FetchOptions { MaxPerNamespace = 2 }));
        var crowd = Enumerable.Range(0, 4).Select(i => Of("crowd", i)).ToList();
        Assert.Equal([true, true, false, false], crowd.Select(queue.TryEnter));
        Assert.True(queue.TryEnter(Of("quiet", 0)));

        // Asked for again while it waits, it waits once.
        Assert.False(queue.TryEnter(crowd[2]));
        queue.Leave(crowd[1]);
        Assert.Equal(crowd[2], await TakeAsync(queue));
        Assert.True(queue.TryEnter(crowd[2]));
        queue.Leave(crowd[0]);
        Assert.Equal(crowd[3], await TakeAsync(queue));
        Assert.Equal(0, queue.Queue.Count);
    }

    [Fact]
    public async Task What_was_asked_anew_stays_so_while_it_waits_for_its_turn()
    {
        using var queue = new FetchQueue(TimeProvider.System, Options.Create(new FetchOptions { MaxPerNamespace = 1 }));
        Assert.True(queue.TryEnter(Of("crowd", 0)));
        queue.Ask(Of("crowd", 1), anew: true);
        Assert.False(queue.TryEnter(await TakeAsync(queue)));
        queue.Leave(Of("crowd", 0));
        Assert.Equal(Of("crowd", 1), await TakeAsync(queue));
        Assert.True(queue.TryEnter(Of("crowd", 1)));
        Assert.True(queue.TakeAnew(Of("crowd", 1)));
        Assert.False(queue.TakeAnew(Of("crowd", 1)));
    }

    private static async Task<LambdaRef> TakeAsync(FetchQueue queue)
    {
        var lambda = await queue.Queue.TakeAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Stop);
        queue.Queue.Done(lambda);
        return lambda;
    }

    private static LambdaRef Of(string ns, int i) => new(ns, $"fetches{i}", $"00000000-0000-4000-8000-00000000000{i}");
}
