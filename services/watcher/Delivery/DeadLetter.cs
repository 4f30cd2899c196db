using System.Globalization;
using Kublambda.Triggers;

namespace Kublambda.Watcher.Delivery;

/// <summary>What a dead letter says beside the event.</summary>
internal static class DeadLetter
{
    private const int ReasonLength = 1000;

    public static Dictionary<string, object?> Headers(IDictionary<string, object?>? headers, string reason, int attempts, DateTimeOffset time) =>
        new((headers ?? new Dictionary<string, object?>()).Where(each => each.Key != TriggerHeaders.Since))
        {
            [TriggerHeaders.Reason] = reason.Length > ReasonLength ? reason[..ReasonLength] : reason,
            [TriggerHeaders.Attempts] = attempts.ToString(CultureInfo.InvariantCulture),
            [TriggerHeaders.GivenUpAt] = time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
}
