using System.Text;
using Kublambda.Cel.Functions;

namespace Kublambda.Cel.Tests;

/// <summary>Makes expressions of every operator, macro and function there is, from a fixed seed; most parts are of a type that fits where they stand.</summary>
internal sealed class RandomExpressions(int seed)
{
    private const string First = "{v}";
    private const string Second = "{w}";

    private static readonly Dictionary<CelKind, string[]> Leaves = new()
    {
        [CelKind.Int] = ["0", "1", "-1", "2", "7", "object.a", "9223372036854775807", "-9223372036854775808"],
        [CelKind.Uint] = ["0u", "3u", "18446744073709551615u"],
        [CelKind.Double] = ["0.0", "-0.0", "1.5", "1e308", "(0.0 / 0.0)", "(1.0 / 0.0)"],
        [CelKind.Bool] = ["true", "false", "has(object.spec)", "has(object.none)"],
        [CelKind.Null] = ["null", "object.nothing"],
        [CelKind.String] = ["''", "'a'", "'abc'", "'😀é'", "'%s %d'", "'%.3f'", "'1h'", "'2026-11-24T20:30:00Z'", "'Europe/Paris'", "'(a|b)+'", "'['", "'1.5Gi'", "'https://a.b:1/c?d=e'", "'-12'", "'YQ'", "text", "object.half"],
        [CelKind.Bytes] = ["b''", "b'a'", "b'\\xff'"],
        [CelKind.List] = ["[]", "[1, 2, 3]", "['b', 'a']", "[1, 'a', null]", "[[1], [2, [3]]]", "lists.range(20)", "object.items", "object.spec.a"],
        [CelKind.Map] = ["{}", "{'a': 1, 'b': null}", "{1: 'x', 2u: 'y', true: 'z'}", "object", "object.spec"],
        [CelKind.Timestamp] = ["timestamp(0)", "timestamp('2026-11-24T20:30:00.5Z')", "timestamp('9999-12-31T23:59:59Z')"],
        [CelKind.Duration] = ["duration('90s')", "duration('-1.5ms')", "duration('2562047h')"],
        [CelKind.Type] = ["int", "type", "google.protobuf.Duration", "optional_type"],
        [CelKind.Optional] = ["optional.none()", "optional.of(1)", "object.?spec", "object.?none"],
        [CelKind.Opaque] = ["quantity('1500m')", "quantity('2Ki')", "url('/a?b=c')", "ip('10.0.0.1')", "cidr('fd00::/8')"],
        [CelKind.Dyn] = ["unbound", "object.spec.b", "object.items[0]", "dyn(1)"],
    };

    // A shape's holes are filled with expressions of the kinds that follow it.
    private static readonly (CelKind Result, string Shape, CelKind[] Holes)[] Shapes =
    [
        (CelKind.Bool, "({0} && {1})", [CelKind.Bool, CelKind.Bool]),
        (CelKind.Bool, "({0} || {1})", [CelKind.Bool, CelKind.Bool]),
        (CelKind.Bool, "!{0}", [CelKind.Bool]),
        (CelKind.Bool, "({0} == {1})", [CelKind.Dyn, CelKind.Dyn]),
        (CelKind.Bool, "({0} != {1})", [CelKind.Dyn, CelKind.Dyn]),
        (CelKind.Bool, "({0} < {1})", [CelKind.String, CelKind.String]),
        (CelKind.Bool, "({0} <= {1})", [CelKind.Int, CelKind.Double]),
        (CelKind.Bool, "({0} in {1})", [CelKind.Dyn, CelKind.List]),
        (CelKind.Bool, "({0} in {1})", [CelKind.String, CelKind.Map]),
        (CelKind.Bool, "has({0}.a)", [CelKind.Map]),
        (CelKind.Bool, "{0}.all({v}, {1})", [CelKind.List, CelKind.Bool]),
        (CelKind.Bool, "{0}.exists({v}, {1})", [CelKind.Map, CelKind.Bool]),
        (CelKind.Bool, "{0}.exists_one({v}, {1})", [CelKind.List, CelKind.Bool]),
        (CelKind.Bool, "{0}.all({v}, {w}, {1})", [CelKind.Map, CelKind.Bool]),
        (CelKind.Bool, "{0}.existsOne({v}, {w}, {1})", [CelKind.List, CelKind.Bool]),
        (CelKind.Int, "({0} + {1})", [CelKind.Int, CelKind.Int]),
        (CelKind.Int, "({0} / {1})", [CelKind.Int, CelKind.Int]),
        (CelKind.Int, "({0} % {1})", [CelKind.Int, CelKind.Int]),
        (CelKind.Int, "-({0})", [CelKind.Int]),
        (CelKind.Uint, "({0} - {1})", [CelKind.Uint, CelKind.Uint]),
        (CelKind.Double, "({0} * {1})", [CelKind.Double, CelKind.Double]),
        (CelKind.String, "({0} + {1})", [CelKind.String, CelKind.String]),
        (CelKind.Bytes, "({0} + {1})", [CelKind.Bytes, CelKind.Bytes]),
        (CelKind.Timestamp, "({0} + {1})", [CelKind.Timestamp, CelKind.Duration]),
        (CelKind.Duration, "({0} - {1})", [CelKind.Timestamp, CelKind.Timestamp]),
        (CelKind.List, "({0} + {1})", [CelKind.List, CelKind.List]),
        (CelKind.List, "[{0}, ?{1}]", [CelKind.Dyn, CelKind.Optional]),
        (CelKind.List, "{0}.map({v}, {1})", [CelKind.List, CelKind.Dyn]),
        (CelKind.List, "{0}.map({v}, {1}, {2})", [CelKind.Map, CelKind.Bool, CelKind.Dyn]),
        (CelKind.List, "{0}.filter({v}, {1})", [CelKind.List, CelKind.Bool]),
        (CelKind.List, "{0}.sortBy({v}, {1})", [CelKind.List, CelKind.Int]),
        (CelKind.List, "{0}.transformList({v}, {w}, {1})", [CelKind.Map, CelKind.Dyn]),
        (CelKind.Map, "{{0}: {1}, ?'z': {2}}", [CelKind.String, CelKind.Dyn, CelKind.Optional]),
        (CelKind.Map, "{0}.transformMap({v}, {w}, {1}, {2})", [CelKind.List, CelKind.Bool, CelKind.Dyn]),
        (CelKind.Map, "{0}.transformMapEntry({v}, {w}, {1})", [CelKind.List, CelKind.Map]),
        (CelKind.Optional, "{0}.?a", [CelKind.Map]),
        (CelKind.Optional, "{0}[?{1}]", [CelKind.List, CelKind.Int]),
        (CelKind.Optional, "{0}.or({1})", [CelKind.Optional, CelKind.Optional]),
        (CelKind.Optional, "{0}.optMap({v}, {1})", [CelKind.Optional, CelKind.Dyn]),
        (CelKind.Optional, "{0}.optFlatMap({v}, {1})", [CelKind.Optional, CelKind.Optional]),
        (CelKind.Dyn, "{0}.orValue({1})", [CelKind.Optional, CelKind.Dyn]),
        (CelKind.Dyn, "({0} ? {1} : {2})", [CelKind.Bool, CelKind.Dyn, CelKind.Dyn]),
        (CelKind.Dyn, "{0}[{1}]", [CelKind.List, CelKind.Int]),
        (CelKind.Dyn, "{0}[{1}]", [CelKind.Map, CelKind.String]),
        (CelKind.Dyn, "{0}.`a`", [CelKind.Map]),
        (CelKind.Dyn, "cel.bind({v}, {0}, {1})", [CelKind.Dyn, CelKind.Dyn]),
    ];

    private static readonly Overload[] Functions = [.. CelEnvironment.Standard.Functions.Names.SelectMany(name => CelEnvironment.Standard.Functions.Find(name))];
    private static readonly CelKind[] Kinds = [.. Leaves.Keys];

    private readonly Random _random = new(seed);
    private readonly List<string> _variables = [];

    public string Next() => Expression(CelKind.Dyn, _random.Next(1, 5));

    private string Expression(CelKind wanted, int depth)
    {
        if (wanted != CelKind.Dyn && _random.Next(20) == 0) wanted = CelKind.Dyn;
        if (_variables.Count > 0 && _random.Next(5) == 0) return Any(_variables);
        if (depth == 0) return Any(Leaves[wanted == CelKind.Dyn ? Any(Kinds) : wanted]);
        var shapes = Shapes.Where(shape => wanted == CelKind.Dyn || shape.Result == wanted).ToList();
        if (shapes.Count > 0 && _random.Next(2) == 0)
        {
            var (_, shape, holes) = Any(shapes);
            return Filled(shape, holes, depth);
        }

        var functions = Functions.Where(function => wanted == CelKind.Dyn || function.Result == wanted).ToList();
        return functions.Count == 0 ? Expression(wanted, 0) : Call(Any(functions), depth);
    }

    private string Call(Overload function, int depth)
    {
        var arguments = function.Parameters.Select(kind => Expression(kind, depth - 1)).ToList();
        return function.IsMember ? $"{arguments[0]}.{function.Function}({string.Join(", ", arguments.Skip(1))})" : $"{function.Function}({string.Join(", ", arguments)})";
    }

    private string Filled(string shape, CelKind[] holes, int depth)
    {
        var text = new StringBuilder(shape);
        var (first, second) = ("v" + _random.Next(3), "w" + _random.Next(3));
        for (var i = 0; i < holes.Length; i++)
        {
            // The variables of a macro are known in all but what it walks.
            var isInside = i > 0 && shape.Contains(First, StringComparison.Ordinal);
            if (isInside) _variables.Add(first);
            if (isInside && shape.Contains(Second, StringComparison.Ordinal)) _variables.Add(second);
            text.Replace($"{{{i}}}", Expression(holes[i], depth - 1));
            if (isInside) _variables.RemoveRange(_variables.Count - (shape.Contains(Second, StringComparison.Ordinal) ? 2 : 1), shape.Contains(Second, StringComparison.Ordinal) ? 2 : 1);
        }

        return text.Replace(First, first).Replace(Second, second).ToString();
    }

    private T Any<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];
}
