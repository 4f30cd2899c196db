using System.Globalization;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Functions;

/// <summary>Getters of timestamps, in UTC or a named time zone, and of durations.</summary>
internal static class TimeFunctions
{
    private const long SecondsPerDay = 86_400;
    private const int MaxZoneLength = 64;

    private const long ZoneCost = 10;

    // It is looked for in the file system each time.
    private const long UnknownZoneCost = 500;

    public static void AddTo(FunctionTable table)
    {
        Getter(table, "getFullYear", time => time.Date.Year);
        Getter(table, "getMonth", time => time.Date.Month - 1);
        Getter(table, "getDayOfMonth", time => time.Date.Day - 1);
        Getter(table, "getDate", time => time.Date.Day);
        Getter(table, "getDayOfYear", time => time.Date.DayOfYear - 1);
        Getter(table, "getDayOfWeek", time => (int)time.Date.DayOfWeek);
        Getter(table, "getHours", time => time.SecondOfDay / 3600);
        Getter(table, "getMinutes", time => time.SecondOfDay / 60 % 60);
        Getter(table, "getSeconds", time => time.SecondOfDay % 60);
        Getter(table, "getMilliseconds", time => time.Nanos / 1_000_000);
        OfDuration(table, "getHours", nanoseconds => nanoseconds / 3_600_000_000_000);
        OfDuration(table, "getMinutes", nanoseconds => nanoseconds / 60_000_000_000);
        OfDuration(table, "getSeconds", nanoseconds => nanoseconds / 1_000_000_000);
        OfDuration(table, "getMilliseconds", nanoseconds => nanoseconds / 1_000_000 % 1_000);
    }

    private readonly record struct LocalTime(DateOnly Date, int SecondOfDay, int Nanos);

    private static void Getter(FunctionTable table, string name, Func<LocalTime, int> read)
    {
        table.Member(name, [CelKind.Timestamp], CelKind.Int, (a, _) => Read((CelTimestamp)a[0], 0, read));
        table.Member(name, [CelKind.Timestamp, CelKind.String], CelKind.Int, (a, context) =>
        {
            context.Budget.Charge(ZoneCost);
            var zone = ((CelString)a[1]).Value;
            var time = (CelTimestamp)a[0];
            if (OffsetSeconds(zone, time) is { } offset) return Read(time, offset, read);
            context.Budget.Charge(UnknownZoneCost);
            return new CelError($"unknown time zone '{Display.Cut(zone)}'", () => "zones are written Europe/Paris or +01:00");
        });
    }

    private static void OfDuration(FunctionTable table, string name, Func<long, long> read) =>
        table.Member(name, [CelKind.Duration], CelKind.Int, (a, _) => new CelInt(read(((CelDuration)a[0]).Nanoseconds)));

    private static CelValue Read(CelTimestamp time, int offset, Func<LocalTime, int> read)
    {
        var seconds = time.Seconds + offset - CelTimestamp.MinSeconds;
        var day = Math.DivRem(seconds, SecondsPerDay, out var secondOfDay);
        if (secondOfDay < 0)
        {
            day--;
            secondOfDay += SecondsPerDay;
        }

        return day < 0 || day > DateOnly.MaxValue.DayNumber
            ? new CelError("in this time zone the timestamp lies outside the years 1 to 9999")
            : new CelInt(read(new LocalTime(DateOnly.FromDayNumber((int)day), (int)secondOfDay, time.Nanos)));
    }

    private static int? OffsetSeconds(string zone, CelTimestamp time)
    {
        if (zone is "UTC" or "") return 0;
        if (zone.Contains(':', StringComparison.Ordinal)) return FixedOffset(zone);
        return IsZoneName(zone) && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var info) ? (int)info.GetUtcOffset(time.ToDateTimeOffset().UtcDateTime).TotalSeconds : null;
    }

    // The name becomes part of a path where time zones are files.
    private static bool IsZoneName(string zone) =>
        zone.Length <= MaxZoneLength && char.IsAsciiLetter(zone[0]) && zone.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '+' or '-' or '/');

    private static int? FixedOffset(string zone)
    {
        var negative = zone[0] == '-';
        var parts = zone.TrimStart('+', '-').Split(':');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var hours) || hours > 23) return null;
        if (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) || minutes > 59) return null;
        return ((hours * 60) + minutes) * 60 * (negative ? -1 : 1);
    }
}
