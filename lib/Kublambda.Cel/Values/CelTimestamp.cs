using System.Globalization;

namespace Kublambda.Cel;

/// <summary>A point in time between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z.</summary>
public sealed class CelTimestamp : CelValue
{
    internal const long MinSeconds = -62_135_596_800;
    internal const long MaxSeconds = 253_402_300_799;
    internal const int NanosPerSecond = 1_000_000_000;

    private CelTimestamp(long seconds, int nanos)
    {
        Seconds = seconds;
        Nanos = nanos;
    }

    /// <summary>Whole seconds since 1970-01-01T00:00:00Z, rounded down.</summary>
    public long Seconds { get; }

    /// <summary>0 to 999,999,999, counted forward from <see cref="Seconds"/>.</summary>
    public int Nanos { get; }

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Timestamp;

    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999, or the nanoseconds outside a second.</exception>
    public static CelTimestamp Create(long seconds, int nanos = 0) =>
        TryCreate(seconds, nanos) ?? throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "A timestamp lies in the years 1 to 9999.");

    /// <summary>From the CLR counterpart, whatever its offset.</summary>
    public static CelTimestamp Create(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTime.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        return new CelTimestamp(seconds, (int)rest * 100);
    }

    /// <summary>In UTC; what is finer than 100 ns is cut off.</summary>
    public DateTimeOffset ToDateTimeOffset() => DateTimeOffset.UnixEpoch.AddTicks((Seconds * TimeSpan.TicksPerSecond) + (Nanos / 100));

    internal static CelTimestamp? TryCreate(long seconds, int nanos) =>
        seconds is < MinSeconds or > MaxSeconds || nanos is < 0 or >= NanosPerSecond ? null : new CelTimestamp(seconds, nanos);

    /// <summary>Adds nanoseconds; null when the result leaves the range.</summary>
    internal CelTimestamp? Add(Int128 nanoseconds)
    {
        var total = ((Int128)Seconds * NanosPerSecond) + Nanos + nanoseconds;
        var seconds = total / NanosPerSecond;
        var nanos = (int)(total % NanosPerSecond);
        if (nanos < 0)
        {
            nanos += NanosPerSecond;
            seconds--;
        }

        return seconds < MinSeconds || seconds > MaxSeconds ? null : new CelTimestamp((long)seconds, nanos);
    }

    internal Int128 NanosecondsSinceEpoch => ((Int128)Seconds * NanosPerSecond) + Nanos;

    /// <summary>RFC 3339 in UTC with as many fraction digits as are needed.</summary>
    public string ToRfc3339()
    {
        var text = DateTimeOffset.UnixEpoch.AddTicks(Seconds * TimeSpan.TicksPerSecond).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        return Nanos == 0 ? text + "Z" : string.Create(CultureInfo.InvariantCulture, $"{text}.{Nanos:D9}").TrimEnd('0') + "Z";
    }
}

/// <summary>A span of time.</summary>
public sealed class CelDuration(long nanoseconds) : CelValue
{
    /// <summary>Negative for a span backwards.</summary>
    public long Nanoseconds { get; } = nanoseconds;

    /// <inheritdoc/>
    public override CelKind Kind => CelKind.Duration;

    /// <summary>What is finer than 100 ns is cut off.</summary>
    public TimeSpan ToTimeSpan() => TimeSpan.FromTicks(Nanoseconds / 100);

    /// <summary>Null when the span does not fit 64 bits of nanoseconds.</summary>
    internal static CelDuration? TryCreate(Int128 nanoseconds) =>
        nanoseconds < long.MinValue || nanoseconds > long.MaxValue ? null : new CelDuration((long)nanoseconds);

    /// <summary>Decimal seconds, such as <c>1.5s</c>.</summary>
    internal string ToSecondsText()
    {
        var magnitude = (ulong)Int128.Abs(Nanoseconds);
        var seconds = magnitude / CelTimestamp.NanosPerSecond;
        var fraction = magnitude % CelTimestamp.NanosPerSecond;
        var text = fraction == 0
            ? seconds.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{seconds}.{fraction:D9}").TrimEnd('0');
        return (Nanoseconds < 0 ? "-" : "") + text + "s";
    }
}
