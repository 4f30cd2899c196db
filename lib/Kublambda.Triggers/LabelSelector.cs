using System.Text.RegularExpressions;

namespace Kublambda.Triggers;

/// <summary>
/// A label selector with the API server's syntax and meaning (k8s.io/apimachinery, pkg/labels): requirements separated by commas, all of
/// which must hold: <c>k=v</c>, <c>k==v</c>, <c>k!=v</c>, <c>k in (a,b)</c>, <c>k notin (a,b)</c>, <c>k</c>, <c>!k</c>, <c>k&gt;1</c>, <c>k&lt;1</c>.
/// </summary>
public sealed partial class LabelSelector
{
    private readonly IReadOnlyList<Requirement> _requirements;

    private LabelSelector(IReadOnlyList<Requirement> requirements) => _requirements = requirements;

    /// <summary>Selects every object.</summary>
    public static LabelSelector Everything { get; } = new([]);

    /// <exception cref="FormatException">It is none; the message says what is wrong and what to write.</exception>
    public static LabelSelector Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return Everything;
        return new LabelSelector([.. SelectorText.SplitOutsideParentheses(text).Select(One)]);
    }

    /// <summary>Whether an object with these labels is selected.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in _requirements)
        {
            if (!requirement.Holds(labels))
                return false;
        }

        return true;
    }

    /// <summary>The same for the same selection, however it was written: sorted, without spaces.</summary>
    public override string ToString() => string.Join(',', _requirements.Select(each => each.ToString()).Order(StringComparer.Ordinal));

    private static Requirement One(string part)
    {
        if (SetPattern().Match(part) is { Success: true } set)
        {
            string[] values = [.. set.Groups["values"].Value.Split(',').Select(value => Value(value.Trim(), part)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            return new Requirement(Key(set.Groups["key"].Value, part), set.Groups["operator"].Value == "in" ? Operator.In : Operator.NotIn, values);
        }

        if (ComparisonPattern().Match(part) is { Success: true } comparison)
        {
            var key = Key(comparison.Groups["key"].Value, part);
            var value = comparison.Groups["value"].Value.Trim();
            return comparison.Groups["operator"].Value switch
            {
                "!=" => new Requirement(key, Operator.NotIn, [Value(value, part)]),
                ">" => new Requirement(key, Operator.Greater, [Number(value, part)]),
                "<" => new Requirement(key, Operator.Less, [Number(value, part)]),
                _ => new Requirement(key, Operator.In, [Value(value, part)]),
            };
        }

        return part.StartsWith('!')
            ? new Requirement(Key(part[1..].Trim(), part), Operator.Absent, [])
            : new Requirement(Key(part, part), Operator.Present, []);
    }

    private static string Key(string key, string part)
    {
        var name = key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var prefix = key.Length == name.Length ? null : key[..^(name.Length + 1)];
        if (!LabelPattern().IsMatch(name) || name.Length > 63 || (prefix is not null && (prefix.Length > 253 || !PrefixPattern().IsMatch(prefix))))
            throw new FormatException($"\"{part}\" has no label's name before its operator: write for example app=shop, app in (shop,desk), app, or !app.");
        return key;
    }

    private static string Value(string value, string part) =>
        value.Length == 0 || (value.Length <= 63 && LabelPattern().IsMatch(value))
            ? value
            : throw new FormatException($"\"{value}\" in \"{part}\" is not a label's value: use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends.");

    private static string Number(string value, string part) =>
        long.TryParse(value, out _) ? value : throw new FormatException($"\"{value}\" in \"{part}\" is not a whole number: write one, or another operator than > and <.");

    [GeneratedRegex(@"^(?<key>[^\s=!<>(),]+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)\z")]
    private static partial Regex SetPattern();

    [GeneratedRegex(@"^(?<key>[^\s=!<>(),]+)\s*(?<operator>==|=|!=|>|<)(?<value>[^=!<>()]*)\z")]
    private static partial Regex ComparisonPattern();

    [GeneratedRegex(@"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\z")]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex PrefixPattern();

    private enum Operator
    {
        In,
        NotIn,
        Present,
        Absent,
        Greater,
        Less,
    }

    private sealed record Requirement(string Key, Operator Operator, string[] Values)
    {
        public bool Holds(IReadOnlyDictionary<string, string> labels) => Operator switch
        {
            Operator.In => labels.TryGetValue(Key, out var value) && Array.IndexOf(Values, value) >= 0,
            // Objects without the label are selected too.
            Operator.NotIn => !labels.TryGetValue(Key, out var value) || Array.IndexOf(Values, value) < 0,
            Operator.Present => labels.ContainsKey(Key),
            Operator.Absent => !labels.ContainsKey(Key),
            Operator.Greater => Compare(labels) > 0,
            _ => Compare(labels) < 0,
        };

        public override string ToString() => Operator switch
        {
            Operator.In => Values.Length == 1 ? $"{Key}={Values[0]}" : $"{Key} in ({string.Join(',', Values)})",
            Operator.NotIn => Values.Length == 1 ? $"{Key}!={Values[0]}" : $"{Key} notin ({string.Join(',', Values)})",
            Operator.Present => Key,
            Operator.Absent => $"!{Key}",
            Operator.Greater => $"{Key}>{Values[0]}",
            _ => $"{Key}<{Values[0]}",
        };

        /// <summary>Of the label's number with ours; 0, which neither operator takes, where the label is no number.</summary>
        private int Compare(IReadOnlyDictionary<string, string> labels) =>
            labels.TryGetValue(Key, out var text) && long.TryParse(text, out var number) ? number.CompareTo(long.Parse(Values[0], null)) : 0;
    }
}
