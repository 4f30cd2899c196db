using Kublambda.Cel.Functions;
using Kublambda.Cel.Syntax;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Evaluation;

/// <summary>The macros that walk a list or a map. One variable is bound to elements or keys; two to index and element, or key and value.</summary>
internal sealed class ComprehensionNode(int position, ComprehensionKind kind, string name, Node range, int first, int? second, Node? filter, Node body) : Node(position)
{
    protected override CelValue Run(EvalContext context)
    {
        var value = range.Evaluate(context);
        if (value is CelError) return value;
        if (value is not (CelList or CelMap) || (kind == ComprehensionKind.SortBy && value is not CelList))
            return new CelError($"{name}() walks a list or a map, not {KindNames.Short(value.Kind)}");
        var steps = Steps(value);
        return kind switch
        {
            ComprehensionKind.All => Quantified(context, steps, decisive: false),
            ComprehensionKind.Exists => Quantified(context, steps, decisive: true),
            ComprehensionKind.ExistsOne => ExistsOne(context, steps),
            ComprehensionKind.Filter => Filter(context, steps),
            ComprehensionKind.TransformMap or ComprehensionKind.TransformMapEntry => TransformMap(context, steps),
            ComprehensionKind.SortBy => SortBy(context, steps, (CelList)value),
            _ => Map(context, steps),
        };
    }

    private IEnumerable<(CelValue First, CelValue? Second)> Steps(CelValue range)
    {
        if (range is CelMap map)
        {
            foreach (var (key, value) in map) yield return (key, value);
        }
        else if (range is CelList list)
        {
            for (var i = 0; i < list.Count; i++) yield return second is null ? (list[i], null) : (new CelInt(i), list[i]);
        }
    }

    private void Bind(EvalContext context, (CelValue First, CelValue? Second) step)
    {
        context.Budget.Charge(1);
        context.Locals[first] = step.First;
        if (second is { } slot) context.Locals[slot] = step.Second!;
    }

    /// <summary>As a chain of <c>&amp;&amp;</c> or <c>||</c>: one decisive result wins over any error.</summary>
    private CelValue Quantified(EvalContext context, IEnumerable<(CelValue First, CelValue? Second)> steps, bool decisive)
    {
        CelValue? failure = null;
        foreach (var step in steps)
        {
            Bind(context, step);
            var result = body.Evaluate(context);
            if (result is CelBool flag)
            {
                if (flag.Value == decisive) return flag;
            }
            else
            {
                failure ??= result as CelError ?? NotBool(result);
            }
        }

        return failure ?? CelBool.Of(!decisive);
    }

    private CelValue ExistsOne(EvalContext context, IEnumerable<(CelValue First, CelValue? Second)> steps)
    {
        var count = 0;
        foreach (var step in steps)
        {
            Bind(context, step);
            var result = body.Evaluate(context);
            if (result is not CelBool flag) return result as CelError ?? NotBool(result);
            if (flag.Value) count++;
        }

        return CelBool.Of(count == 1);
    }

    private CelValue Filter(EvalContext context, IEnumerable<(CelValue First, CelValue? Second)> steps)
    {
        var kept = new List<CelValue>();
        foreach (var step in steps)
        {
            Bind(context, step);
            var result = body.Evaluate(context);
            if (result is not CelBool flag) return result as CelError ?? NotBool(result);
            if (flag.Value) kept.Add(step.First);
        }

        return CelList.Of(kept);
    }

    private CelValue Map(EvalContext context, IEnumerable<(CelValue First, CelValue? Second)> steps)
    {
        var results = new List<CelValue>();
        foreach (var step in steps)
        {
            Bind(context, step);
            if (Skips(context, out var error)) continue;
            var result = error ?? body.Evaluate(context);
            if (result is CelError) return result;
            results.Add(result);
        }

        return CelList.Of(results);
    }

    private CelValue TransformMap(EvalContext context, IEnumerable<(CelValue First, CelValue? Second)> steps)
    {
        var results = EntryMap.NewEntries();
        foreach (var step in steps)
        {
            Bind(context, step);
            if (Skips(context, out var error)) continue;
            var result = error ?? body.Evaluate(context);
            if (result is CelError) return result;
            if (kind == ComprehensionKind.TransformMap)
            {
                context.Budget.ChargeKey(step.First);
                results[step.First] = result;
                continue;
            }

            if (result is not CelMap entries) return new CelError($"the body of {name}() is {KindNames.Short(result.Kind)}, not a map");
            foreach (var (key, value) in entries)
            {
                context.Budget.Charge(1);
                context.Budget.ChargeKey(key);
                if (MapNode.Add(results, key, value) is { } duplicate) return duplicate;
            }
        }

        return new EntryMap(results);
    }

    private CelValue SortBy(EvalContext context, IEnumerable<(CelValue First, CelValue? Second)> steps, CelList list)
    {
        var keys = new List<CelValue>(list.Count);
        foreach (var step in steps)
        {
            Bind(context, step);
            var key = body.Evaluate(context);
            if (key is CelError) return key;
            keys.Add(key);
        }

        return ListFunctions.SortByKeys(list, keys, context);
    }

    private bool Skips(EvalContext context, out CelValue? error)
    {
        error = null;
        if (filter is null) return false;
        var result = filter.Evaluate(context);
        if (result is CelBool flag) return !flag.Value;
        error = result as CelError ?? NotBool(result);
        return false;
    }

    private CelError NotBool(CelValue value) => new($"the predicate of {name}() is {KindNames.Short(value.Kind)}, not bool");
}
