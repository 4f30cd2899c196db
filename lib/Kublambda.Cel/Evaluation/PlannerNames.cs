using Kublambda.Cel.Checking;
using Kublambda.Cel.Functions;
using Kublambda.Cel.Syntax;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Evaluation;

internal sealed partial class Planner
{
    private static readonly HashSet<string> TypeNames = new(StringComparer.Ordinal)
    {
        "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "dyn", "optional_type", "google.protobuf.Timestamp", "google.protobuf.Duration", "kubernetes.Quantity", "kubernetes.URL", "net.IP", "net.CIDR",
    };

    /// <summary>Characters of literal patterns, repetitions multiplied, that are built with a program; some tens of milliseconds.</summary>
    private const int MaxPatternSize = 10_000;

    private int _patternSize;

    private Planned NameOrField(Expr expression)
    {
        if (DottedNames.Of(expression) is not var (root, parts) || IsLocal(root)) return expression is SelectExpr select ? Field(select) : Local((IdentExpr)expression);
        var candidates = Candidates(parts, root.IsRooted);
        var constant = DottedNames.Candidates(environment.Container, DottedNames.Joined(parts), root.IsRooted).FirstOrDefault(TypeNames.Contains);
        if (isChecked) candidates = [.. candidates.Where(candidate => environment.Variables.ContainsKey(Names.Names[candidate.Name]))];
        if (isChecked && candidates.Count == 0 && constant is null) return UnknownName(root, parts);
        var kind = candidates.Count == 0 ? CelKind.Type : isChecked ? KindOf(candidates[0]) : CelKind.Dyn;
        return new(new NameNode(root.Position, root.Name, candidates, constant is null ? null : new CelType(constant)), kind);
    }

    private CelKind KindOf(NameCandidate candidate)
    {
        var kind = environment.Variables[Names.Names[candidate.Name]];
        if (candidate.Rest.Count == 0) return kind;
        CheckHasFields(kind, candidate.Rest[0].Name, candidate.Rest[0].Position);
        return CelKind.Dyn;
    }

    private void CheckHasFields(CelKind kind, string field, int position)
    {
        if (kind is not (CelKind.Dyn or CelKind.Map or CelKind.Optional)) Report($"{KindNames.Short(kind)} has no field '{field}'", position);
    }

    private bool IsLocal(IdentExpr name) => !name.IsRooted && _locals.TryFind(name.Name, out _, out _);

    private Planned Local(IdentExpr name)
    {
        _locals.TryFind(name.Name, out var slot, out var kind);
        return new(new LocalNode(name.Position, slot), kind);
    }

    private Planned Field(SelectExpr select)
    {
        var operand = Plan(select.Operand);
        CheckHasFields(operand.Kind, select.Field, select.Position);
        return new(new SelectNode(select.Position, operand.Node, select.Field, select.IsOptional), select.IsOptional ? CelKind.Optional : CelKind.Dyn);
    }

    /// <summary>What a dotted name may mean, the longest first: all of it a variable, or a variable and fields of it.</summary>
    private List<NameCandidate> Candidates(IReadOnlyList<NamePart> parts, bool isRooted)
    {
        var candidates = new List<NameCandidate>();
        for (var length = parts.Count; length > 0; length--)
        {
            var rest = parts.Skip(length).ToArray();
            candidates.AddRange(DottedNames.Candidates(environment.Container, DottedNames.Joined(parts.Take(length)), isRooted).Select(name => new NameCandidate(Names.NumberOf(name), rest)));
        }

        return candidates;
    }

    private Planned UnknownName(IdentExpr root, IReadOnlyList<NamePart> parts)
    {
        var known = environment.Variables.Keys.Concat(_locals.Names).ToList();
        var hint = Suggestions.Nearest(DottedNames.Joined(parts), known) ?? Suggestions.Nearest(root.Name, known)
            ?? (known.Count == 0 ? null : $"known are {string.Join(", ", known.Order(StringComparer.Ordinal).Take(10))}");
        return Failing(root.Position, $"unknown name '{root.Name}'", hint);
    }

    private Planned Call(CallExpr call)
    {
        var arguments = new List<Expr>(call.Arguments);
        var (name, overloads) = Global(call);
        var isMember = overloads.Count == 0 && call.Target is not null;
        if (isMember)
        {
            (name, overloads) = (call.Function, [.. environment.Functions.Find(call.Function).Where(overload => overload.IsMember)]);
            arguments.Insert(0, call.Target!);
        }

        if (overloads.Count == 0) return UnknownFunction(call);
        var planned = arguments.Select(Plan).ToList();
        if (isMember && name is "or" or "orValue" && planned.Count == 2)
            return new(new OptionalOrNode(call.Position, planned[0].Node, planned[1].Node, name == "orValue"), name == "or" ? CelKind.Optional : CelKind.Dyn);
        if (RegexFunctions.TakesPattern(name) && arguments.Count > 1) CheckPattern(arguments[1]);
        var fitting = overloads.Where(overload => overload.TakesCount(planned.Count)).ToList();
        var kind = CheckCall(call, name, isMember, overloads, fitting, [.. planned.Select(argument => argument.Kind)]);
        return new(new CallNode(call.Position, name, isMember, fitting, [.. planned.Select(argument => argument.Node)]), kind);
    }

    /// <summary>The function when it is called without a receiver: <c>size(x)</c>, or with a namespace, <c>math.abs(x)</c>.</summary>
    private (string Name, List<Overload> Overloads) Global(CallExpr call)
    {
        var isRooted = call.Target is null && call.Function.StartsWith('.');
        var written = call.Function.TrimStart('.');
        if (call.Target is not null)
        {
            if (DottedNames.Of(call.Target) is not var (root, parts) || IsLocal(root)) return (written, []);
            (written, isRooted) = (DottedNames.Joined(parts) + "." + written, root.IsRooted);
        }

        foreach (var name in DottedNames.Candidates(environment.Container, written, isRooted))
        {
            var overloads = environment.Functions.Find(name).Where(overload => !overload.IsMember).ToList();
            if (overloads.Count > 0) return (name, overloads);
        }

        return (written, []);
    }

    private Planned UnknownFunction(CallExpr call)
    {
        var all = environment.Functions.Find(call.Function);
        if (all.Count > 0)
            return Failing(call.Position, $"{call.Function}() is not called this way", $"it is written {string.Join(" or ", all.Select(overload => overload.ToString()).Take(3))}");
        if (call.Target is not null && DottedNames.Of(call.Target) is var (root, parts) && !IsLocal(root) && environment.Functions.Names.Any(name => name.StartsWith(DottedNames.Joined(parts) + ".", StringComparison.Ordinal)))
        {
            var written = DottedNames.Joined(parts) + "." + call.Function;
            return Failing(call.Position, $"unknown function '{written}'", Suggestions.Nearest(written, environment.Functions.Names));
        }

        if (Macros.Names.Contains(call.Function) || call is { Function: "bind", Target: IdentExpr { Name: "cel" } })
            return Failing(call.Position, $"{call.Function}() does not take {call.Arguments.Count} arguments", $"it is written {Macros.Usage(call.Function)}");
        return Failing(call.Position, $"unknown function '{call.Function}'", Suggestions.Nearest(call.Function, environment.Functions.Names.Concat(Macros.Names)));
    }

    private CelKind CheckCall(CallExpr call, string name, bool isMember, List<Overload> all, List<Overload> fitting, List<CelKind> kinds)
    {
        var signatures = string.Join(" or ", all.Select(overload => overload.ToString()).Take(4));
        if (fitting.Count == 0)
        {
            var given = kinds.Count - (isMember ? 1 : 0);
            Report($"{name}() does not take {given} argument{(given == 1 ? "" : "s")}", call.Position, $"it is written {signatures}");
            return CelKind.Dyn;
        }

        var possible = fitting.Where(overload => overload.MayAccept(kinds)).ToList();
        if (possible.Count == 0)
        {
            Report("no such overload: " + Errors.Call(name, isMember, kinds), call.Position, $"it is written {signatures}");
            return CelKind.Dyn;
        }

        return possible.All(overload => overload.Result == possible[0].Result) ? possible[0].Result : CelKind.Dyn;
    }

    private void CheckPattern(Expr argument)
    {
        if (argument is not LiteralExpr { Value: CelString pattern } || Patterns.ContainsKey(pattern.Value)) return;
        try
        {
            var read = Re2Pattern.Read(pattern.Value);
            _patternSize += read.Size;

            // The others are built when they are evaluated, at the cost of the evaluation.
            if (_patternSize <= MaxPatternSize) Patterns[pattern.Value] = read.Build();
        }
        catch (PatternException problem)
        {
            Report($"bad regular expression '{Display.Cut(pattern.Value)}': {problem.Message}", argument.Position, "the syntax is that of RE2");
        }
    }
}
