using System.Globalization;

namespace Kublambda.Cel.Functions;

/// <summary>Ranges of code points, and how .NET's patterns, which know UTF-16 units only, write them.</summary>
internal static class CodePointRanges
{
    public const int Max = 0x10FFFF;

    /// <summary>In order, and none touching another.</summary>
    public static List<(int Low, int High)> Merged(IEnumerable<(int Low, int High)> ranges)
    {
        var merged = new List<(int Low, int High)>();
        foreach (var range in ranges.Order())
        {
            if (merged.Count > 0 && range.Low <= merged[^1].High + 1)
                merged[^1] = (merged[^1].Low, Math.Max(merged[^1].High, range.High));
            else
                merged.Add(range);
        }

        return merged;
    }

    /// <summary>Every code point that is in none of them; they must be merged.</summary>
    public static List<(int Low, int High)> Complement(List<(int Low, int High)> ranges)
    {
        var rest = new List<(int Low, int High)>();
        var next = 0;
        foreach (var (low, high) in ranges)
        {
            if (low > next) rest.Add((next, low - 1));
            next = high + 1;
        }

        if (next <= Max) rest.Add((next, Max));
        return rest;
    }

    /// <summary>The parts up to U+FFFF, as the inside of a .NET class.</summary>
    public static string Units(List<(int Low, int High)> ranges) => string.Concat(ranges
        .Where(range => range.Low <= char.MaxValue)
        .Select(range => Unit(range.Low) + "-" + Unit(Math.Min(range.High, char.MaxValue))));

    /// <summary>Ranges past U+FFFF as alternatives of a high and a low surrogate.</summary>
    public static List<string> Pairs(List<(int Low, int High)> ranges)
    {
        var pairs = new List<string>();
        foreach (var (first, last) in ranges.Where(range => range.High > char.MaxValue))
        {
            var low = char.ConvertFromUtf32(Math.Max(first, 0x10000));
            var high = char.ConvertFromUtf32(last);
            if (low[0] == high[0])
            {
                pairs.Add($"{Unit(low[0])}[{Unit(low[1])}-{Unit(high[1])}]");
                continue;
            }

            pairs.Add($@"{Unit(low[0])}[{Unit(low[1])}-\uDFFF]");
            if (high[0] - low[0] > 1) pairs.Add($@"[{Unit(low[0] + 1)}-{Unit(high[0] - 1)}][\uDC00-\uDFFF]");
            pairs.Add($@"{Unit(high[0])}[\uDC00-{Unit(high[1])}]");
        }

        return pairs;
    }

    private static string Unit(int unit) => @"\u" + unit.ToString("X4", CultureInfo.InvariantCulture);
}
