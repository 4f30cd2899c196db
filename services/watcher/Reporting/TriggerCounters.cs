using Kublambda.Contracts.Resources;

namespace Kublambda.Watcher.Reporting;

/// <summary>What one trigger has counted since its first start. Any thread may count.</summary>
internal sealed class TriggerCounters(TriggerStatus? before)
{
    private long _seen = before?.Seen ?? 0;
    private long _matched = before?.Matched ?? 0;
    private long _delivered = before?.Delivered ?? 0;
    private long _failed = before?.Failed ?? 0;
    private long _atHand;
    private volatile TriggerFault? _lastError = before?.LastError;

    public void Seen() => Interlocked.Increment(ref _seen);

    public void Matched() => Interlocked.Increment(ref _matched);

    public void Delivered() => Interlocked.Increment(ref _delivered);

    public void Failed() => Interlocked.Increment(ref _failed);

    /// <summary>An event has been taken from the queue (+1), or is settled or handed back (-1).</summary>
    public void AtHand(int change) => Interlocked.Add(ref _atHand, change);

    public void Error(DateTimeOffset time, string message) =>
        _lastError = new TriggerFault { Time = time, Message = message.Length > 1000 ? message[..1000] : message };

    /// <param name="name">Name of the trigger.</param>
    /// <param name="health">How its watches do.</param>
    /// <param name="queued">Events of the Lambda that wait in the broker and are not at hand here.</param>
    public TriggerStatus Report(string name, StreamHealth health, long queued)
    {
        var (matched, delivered, failed, atHand) = (Volatile.Read(ref _matched), Volatile.Read(ref _delivered), Volatile.Read(ref _failed), Volatile.Read(ref _atHand));
        return new TriggerStatus
        {
            Name = name,
            Ready = health.Ready,
            Reason = health.Reason,
            Message = health.Message,
            Seen = Volatile.Read(ref _seen),
            Matched = matched,
            Delivered = delivered,
            Failed = failed,
            // What waits in the broker is not known by trigger: no more than is missing of this one.
            Waiting = Math.Max(atHand, Math.Min(matched - delivered - failed, atHand + queued)),
            LastError = _lastError,
        };
    }
}

/// <summary>How a watch does, or all watches of a trigger.</summary>
/// <param name="Ready">Whether it runs.</param>
/// <param name="Reason">One of <see cref="Contracts.Reasons"/>, where it does not.</param>
/// <param name="Message">The cause, and what to do about it.</param>
internal sealed record StreamHealth(bool Ready, string? Reason = null, string? Message = null)
{
    public static StreamHealth Fine { get; } = new(true);

    public static StreamHealth Starting { get; } = new(false, Contracts.Reasons.TriggerPending, "The watch is being started.");
}
