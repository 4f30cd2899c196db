using System.Text;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Status;

/// <summary>Conditions keyed by type, in a fixed order; the time of transition moves only when the status does.</summary>
internal sealed class ConditionSet(IReadOnlyList<LambdaCondition>? conditions, DateTimeOffset now)
{
    private static readonly string[] Order =
        [ConditionTypes.Accepted, ConditionTypes.Built, ConditionTypes.Deployed, ConditionTypes.Ready, ConditionTypes.Terminating];

    private readonly DateTimeOffset _now = WholeSeconds(now);
    private readonly Dictionary<string, LambdaCondition> _byType =
        (conditions ?? []).GroupBy(condition => condition.Type).ToDictionary(group => group.Key, group => group.Last(), StringComparer.Ordinal);

    public LambdaCondition? this[string type] => _byType.GetValueOrDefault(type);

    /// <summary>Whether a condition is True for a generation.</summary>
    public bool IsTrue(string type, long? generation) =>
        this[type] is { Status: ConditionStatus.True } condition && condition.ObservedGeneration == generation;

    public void Set(string type, string status, string reason, string message, long? generation)
    {
        var old = this[type];
        _byType[type] = new LambdaCondition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = Text.Cut(message, Limits.MessageLength),
            ObservedGeneration = generation,
            LastTransitionTime = old?.Status == status ? old.LastTransitionTime : _now,
        };
    }

    public void Remove(string type) => _byType.Remove(type);

    /// <summary>Ours in their order, then those of others.</summary>
    public IReadOnlyList<LambdaCondition> ToList() =>
    [
        .. Order.Where(_byType.ContainsKey).Select(type => _byType[type]),
        .. _byType.Values.Where(condition => !Order.Contains(condition.Type)).OrderBy(condition => condition.Type, StringComparer.Ordinal),
    ];

    /// <summary>What Kubernetes keeps of a time.</summary>
    public static DateTimeOffset WholeSeconds(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}

/// <summary>Text to a bounded length.</summary>
internal static class Text
{
    /// <summary>At most <paramref name="length"/> characters: the beginning and the end, for the cause stands at one and the log's last line at the other.</summary>
    public static string Cut(string text, int length)
    {
        const string gap = "\n... (cut) ...\n";
        if (text.Length <= length)
            return text;
        var head = (length - gap.Length) / 2;
        var tail = length - gap.Length - head;
        return string.Concat(Whole(text.AsSpan(0, head)), gap, Whole(text.AsSpan(text.Length - tail)));
    }

    /// <summary>The last bytes, from the beginning of a line where there is one.</summary>
    public static string Tail(string text, int bytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= bytes)
            return text;
        var all = Encoding.UTF8.GetBytes(text);
        var tail = Encoding.UTF8.GetString(all.AsSpan(all.Length - bytes + 3)).TrimStart('\uFFFD');
        var line = tail.IndexOf('\n', StringComparison.Ordinal);
        return line >= 0 && line < tail.Length / 2 ? tail[(line + 1)..] : tail;
    }

    /// <summary>Without half a surrogate pair at either end.</summary>
    private static ReadOnlySpan<char> Whole(ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && char.IsLowSurrogate(text[0]))
            text = text[1..];
        return text.Length > 0 && char.IsHighSurrogate(text[^1]) ? text[..^1] : text;
    }
}
