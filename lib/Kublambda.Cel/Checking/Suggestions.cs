namespace Kublambda.Cel.Checking;

/// <summary>"Did you mean": the nearest known name, when one is near enough.</summary>
internal static class Suggestions
{
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        var most = Math.Max(1, Math.Min(3, written.Length / 3));
        var best = known
            .Where(name => name != written && Math.Abs(name.Length - written.Length) <= most)
            .Select(name => (Name: name, Distance: Distance(written, name, most)))
            .Where(candidate => candidate.Distance <= most)
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Name is null ? null : $"did you mean '{best.Name}'?";
    }

    /// <summary>Edits between two words, case aside; two swapped letters are one edit.</summary>
    private static int Distance(string a, string b, int most)
    {
        if (a.Length > 100 || b.Length > 100) return most + 1;
        var (x, y) = (a.ToUpperInvariant(), b.ToUpperInvariant());
        int[] beforeLast = [], last = [.. Enumerable.Range(0, y.Length + 1)];
        for (var i = 1; i <= x.Length; i++)
        {
            var row = new int[y.Length + 1];
            row[0] = i;
            for (var j = 1; j <= y.Length; j++)
            {
                var change = last[j - 1] + (x[i - 1] == y[j - 1] ? 0 : 1);
                row[j] = Math.Min(change, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1]) row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
            }

            (beforeLast, last) = (last, row);
        }

        return last[y.Length];
    }
}
