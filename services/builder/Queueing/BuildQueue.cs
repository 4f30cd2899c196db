using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;

namespace Kublambda.Builder.Queueing;

/// <summary>Who builds next. Pure: from the shared state, the build pods that are there, and the time.</summary>
public static class BuildQueue
{
    /// <summary>More are not noted down; they are told their place, and come again.</summary>
    public const int MostWaiting = 2000;

    /// <summary>How long a reservation holds without a pod: pushing a large bundle takes its time.</summary>
    public static readonly TimeSpan ReservationTime = TimeSpan.FromMinutes(3);

    // The controller asks at least every minute for what is not settled.
    private static readonly TimeSpan AskedPrecision = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(6);

    /// <summary>Takes a place for a Lambda where it is its turn; else notes it as waiting.</summary>
    /// <param name="state">As it was read, before <paramref name="pods"/> were.</param>
    /// <param name="lambda">Who wants to build.</param>
    /// <param name="pod">The name of its pod.</param>
    /// <param name="pods">All build pods.</param>
    /// <param name="places">Pods that may be at the same time.</param>
    /// <param name="now">The time.</param>
    /// <returns>The new state; and the place in the queue, 0 where the build may begin.</returns>
    public static (QueueState State, QueueAnswer Answer) Ask(
        QueueState state, LambdaRef lambda, string pod, IReadOnlyList<V1Pod> pods, int places, DateTimeOffset now)
    {
        state = Tidy(state, now);
        var active = Active(state, pods);
        // Somebody else was quicker with the very same build; its place is this one's too.
        if (active.ContainsKey(pod))
            return (Without(state, lambda), new QueueAnswer(0, now, state.Waiting.Count, Reserved: false));

        var entry = state.Waiting.FirstOrDefault(w => w.Lambda == lambda);
        var mine = entry is null ? new WaitingBuild(lambda, now, now) : now - entry.Asked < AskedPrecision ? entry : entry with { Asked = now };
        List<WaitingBuild> waiting = [.. state.Waiting.Select(w => w.Lambda == lambda ? mine : w)];
        if (entry is null)
            waiting.Add(mine);
        var index = Order(waiting, active.Values).IndexOf(mine);
        if (index < places - active.Count)
        {
            var reserved = new ReservedPlace(pod, lambda, now + ReservationTime);
            return (Without(state, lambda) with { Reserved = [.. state.Reserved, reserved] }, new QueueAnswer(0, mine.Since, waiting.Count - 1, Reserved: true));
        }

        var kept = entry is null && waiting.Count > MostWaiting ? state.Waiting : waiting;
        return (state with { Waiting = kept }, new QueueAnswer(index + 1, mine.Since, waiting.Count, Reserved: false));
    }

    /// <summary>The Lambdas whose turn it is, as many as there are free places.</summary>
    public static IReadOnlyList<LambdaRef> Next(QueueState state, IReadOnlyList<V1Pod> pods, int places, DateTimeOffset now)
    {
        state = Tidy(state, now);
        var active = Active(state, pods);
        return [.. Order(state.Waiting, active.Values).Take(Math.Max(0, places - active.Count)).Select(w => w.Lambda)];
    }

    /// <summary>Without a Lambda that no longer waits.</summary>
    public static QueueState Without(QueueState state, LambdaRef lambda) =>
        state with { Waiting = [.. state.Waiting.Where(w => w.Lambda != lambda)] };

    /// <summary>Without the reservation of a pod that is there by now, or will not be.</summary>
    public static QueueState Released(QueueState state, string pod) => state with { Reserved = [.. state.Reserved.Where(r => r.Pod != pod)] };

    /// <summary>
    /// The order of turns: always the namespace with the fewest builds, those that run and those before it in the queue; among
    /// equals, who has waited longest. So a namespace with many builds holds up nobody else's first one.
    /// </summary>
    public static List<WaitingBuild> Order(IEnumerable<WaitingBuild> waiting, IEnumerable<LambdaRef> running)
    {
        var load = running.GroupBy(l => l.Namespace, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        var queues = waiting.GroupBy(w => w.Lambda.Namespace, StringComparer.Ordinal)
            .Select(g => (Namespace: g.Key, Queue: new Queue<WaitingBuild>(g.OrderBy(w => w.Since)))).ToList();
        var order = new List<WaitingBuild>();
        while (queues.Count > 0)
        {
            var next = queues.MinBy(q => (load.GetValueOrDefault(q.Namespace), q.Queue.Peek().Since, q.Queue.Peek().Lambda.Uid));
            order.Add(next.Queue.Dequeue());
            load[next.Namespace] = load.GetValueOrDefault(next.Namespace) + 1;
            if (next.Queue.Count == 0)
                queues.Remove(next);
        }

        return order;
    }

    private static QueueState Tidy(QueueState state, DateTimeOffset now) => new()
    {
        Waiting = [.. state.Waiting.Where(w => now - w.Asked < Forgotten)],
        Reserved = [.. state.Reserved.Where(r => r.Until > now)],
    };

    private static Dictionary<string, LambdaRef> Active(QueueState state, IEnumerable<V1Pod> pods)
    {
        var active = state.Reserved.ToDictionary(r => r.Pod, r => r.Lambda, StringComparer.Ordinal);
        foreach (var pod in pods.Where(BuildPod.TakesPlace))
        {
            if (BuildPod.LambdaOf(pod) is { } lambda)
                active[pod.Name()] = lambda;
        }

        return active;
    }
}

/// <summary>How a Lambda stands in the queue.</summary>
/// <param name="Place">1 is the next; 0: it may build.</param>
/// <param name="Since">Since when it waits.</param>
/// <param name="Waiting">How many wait.</param>
/// <param name="Reserved">Whether a place was reserved, to be released when the pod is there.</param>
public sealed record QueueAnswer(int Place, DateTimeOffset Since, int Waiting, bool Reserved);
