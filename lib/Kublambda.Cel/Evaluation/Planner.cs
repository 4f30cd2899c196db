using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Kublambda.Cel.Functions;
using Kublambda.Cel.Syntax;
using Kublambda.Cel.Values;

namespace Kublambda.Cel.Evaluation;

/// <summary>A node that can be evaluated, and what is known of its value before.</summary>
internal readonly record struct Planned(Node Node, CelKind Kind);

/// <summary>
/// Turns the syntax tree into nodes that evaluate, resolving names and functions, and collects what is wrong on the way:
/// a checked program is refused with all of it, an unchecked one fails where and when the wrong part is evaluated.
/// </summary>
internal sealed partial class Planner(SourceText source, CelEnvironment environment, bool isChecked)
{
    private const int MaxIssues = 20;

    private readonly LocalScope _locals = new();

    public NameTable Names { get; } = new();

    public List<CelIssue> Issues { get; } = [];

    public int LocalSlots => _locals.MostSlots;

    /// <summary>Literal regular expressions, compiled.</summary>
    public Dictionary<string, Regex> Patterns { get; } = new(StringComparer.Ordinal);

    public Planned Plan(Expr expression)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return PlanNode(expression);
    }

    private Planned PlanNode(Expr expression) => expression switch
    {
        LiteralExpr literal => new(new ConstantNode(literal.Position, literal.Value), literal.Value.Kind),
        IdentExpr or SelectExpr => NameOrField(expression),
        HasExpr has => new(new HasNode(has.Position, Plan(has.Select.Operand).Node, has.Select.Field), CelKind.Bool),
        IndexExpr index => Index(index),
        CallExpr call => Call(call),
        OperatorExpr op => Operator(op),
        LogicalExpr logical => Logical(logical),
        ConditionalExpr conditional => Conditional(conditional),
        ListExpr list => new(new ListNode(list.Position, [.. list.Elements.Select(element => new ElementNode(Plan(element.Value).Node, element.IsOptional))]), CelKind.List),
        MapExpr map => Map(map),
        ComprehensionExpr comprehension => Comprehension(comprehension),
        BindExpr bind => Bind(bind),
        OptMapExpr optional => OptMap(optional),
        StructExpr message => Failing(message.Position, $"there are no message types, and '{message.TypeName}' is none", "maps are written {'key': value}"),
        _ => throw new InvalidOperationException($"No plan for {expression.GetType().Name}."),
    };

    private void Report(string message, int position, string? hint = null)
    {
        if (Issues.Count < MaxIssues) Issues.Add(source.Issue(message, position, hint));
    }

    private Planned Failing(int position, string message, string? hint = null)
    {
        Report(message, position, hint);
        return new(new FailingNode(position, message), CelKind.Dyn);
    }

    private Planned Operator(OperatorExpr op)
    {
        var operands = op.Operands.Select(Plan).ToList();
        var kind = operands.Count == 1
            ? Operators.ResultKind(op.Symbol, operands[0].Kind)
            : Operators.ResultKind(op.Symbol, operands[0].Kind, operands[1].Kind);
        if (kind is null) Report(Mismatch(op.Symbol, operands), op.Position, OperatorHint(op.Symbol, operands));
        Node node = operands.Count == 1
            ? new UnaryNode(op.Position, operands[0].Node, Operators.Unary(op.Symbol))
            : new BinaryNode(op.Position, operands[0].Node, operands[1].Node, Operators.Binary(op.Symbol));
        return new(node, kind ?? CelKind.Dyn);
    }

    private static string Mismatch(string symbol, List<Planned> operands) =>
        "no such overload: " + Errors.Call(symbol, isMember: false, [.. operands.Select(operand => operand.Kind)]);

    private static string? OperatorHint(string symbol, List<Planned> operands)
    {
        if (operands.Count == 1) return null;
        var (a, b) = (operands[0].Kind, operands[1].Kind);
        if (symbol is "==" or "!=") return "values of these types are never equal; convert one, or compare through dyn(...)";
        if (symbol == "in" && b == CelKind.String) return "a part of a string: s.contains(...)";
        if (a != b && KindNames.IsNumeric(a) && KindNames.IsNumeric(b)) return $"convert one side: {KindNames.Of(a)}(...)";
        return symbol == "+" && (a == CelKind.String || b == CelKind.String) ? "convert the other side: string(...)" : null;
    }

    private Planned Logical(LogicalExpr logical)
    {
        var operands = logical.Operands.Select(operand => Condition(operand, logical.IsAnd ? "&&" : "||")).ToList();
        return new(new LogicalNode(logical.Position, logical.IsAnd, operands), CelKind.Bool);
    }

    private Planned Conditional(ConditionalExpr conditional)
    {
        var condition = Condition(conditional.Condition, "the condition of '?:'");
        var (then, otherwise) = (Plan(conditional.Then), Plan(conditional.Else));
        return new(new ConditionalNode(conditional.Position, condition, then.Node, otherwise.Node), then.Kind == otherwise.Kind ? then.Kind : CelKind.Dyn);
    }

    /// <summary>What must be a bool.</summary>
    private Node Condition(Expr expression, string where)
    {
        var planned = Plan(expression);
        if (planned.Kind is not (CelKind.Dyn or CelKind.Bool))
            Report($"{where} needs a bool, not {KindNames.Short(planned.Kind)}", expression.Position, "compare it with something, such as x != 0");
        return planned.Node;
    }

    private Planned Index(IndexExpr index)
    {
        var operand = Plan(index.Operand);
        if (operand.Kind is not (CelKind.Dyn or CelKind.List or CelKind.Map or CelKind.Optional))
            Report($"{KindNames.Short(operand.Kind)} has no elements", index.Position, operand.Kind == CelKind.String ? "a character of a string: s.charAt(0)" : null);
        return new(new IndexNode(index.Position, operand.Node, Plan(index.Index).Node, index.IsOptional), index.IsOptional ? CelKind.Optional : CelKind.Dyn);
    }

    private Planned Map(MapExpr map)
    {
        var entries = new List<EntryNode>();
        foreach (var entry in map.Entries)
        {
            var key = Plan(entry.Key);
            if (key.Kind is not (CelKind.Dyn or CelKind.Int or CelKind.Uint or CelKind.Bool or CelKind.String))
                Report($"a map has no keys of type {KindNames.Short(key.Kind)}", entry.Key.Position, "keys are int, uint, bool or string");
            entries.Add(new EntryNode(key.Node, Plan(entry.Value).Node, entry.IsOptional));
        }

        return new(new MapNode(map.Position, entries), CelKind.Map);
    }

    private Planned Bind(BindExpr bind)
    {
        var value = Plan(bind.Value);
        var slot = _locals.Push(bind.Name, value.Kind);
        var body = Plan(bind.Body);
        _locals.Pop(1);
        return new(new BindNode(bind.Position, slot, value.Node, body.Node), body.Kind);
    }

    private Planned OptMap(OptMapExpr optional)
    {
        var target = Plan(optional.Target);
        var slot = _locals.Push(optional.Name);
        var body = Plan(optional.Body);
        _locals.Pop(1);
        return new(new OptMapNode(optional.Position, target.Node, slot, body.Node, optional.IsFlat), CelKind.Optional);
    }

    private Planned Comprehension(ComprehensionExpr macro)
    {
        var name = char.ToLowerInvariant(macro.Kind.ToString()[0]) + macro.Kind.ToString()[1..];
        var range = Plan(macro.Range);
        if (range.Kind is not (CelKind.Dyn or CelKind.List or CelKind.Map))
            Report($"{name}() walks a list or a map, not {KindNames.Short(range.Kind)}", macro.Position);
        var first = _locals.Push(macro.First);
        int? second = macro.Second is null ? null : _locals.Push(macro.Second);
        var filter = macro.Filter is null ? null : Condition(macro.Filter, $"the filter of {name}()");
        var isPredicate = macro.Kind is ComprehensionKind.All or ComprehensionKind.Exists or ComprehensionKind.ExistsOne or ComprehensionKind.Filter;
        var body = isPredicate ? Condition(macro.Body, $"the predicate of {name}()") : Plan(macro.Body).Node;
        _locals.Pop(second is null ? 1 : 2);
        var result = macro.Kind switch
        {
            ComprehensionKind.All or ComprehensionKind.Exists or ComprehensionKind.ExistsOne => CelKind.Bool,
            ComprehensionKind.TransformMap or ComprehensionKind.TransformMapEntry => CelKind.Map,
            _ => CelKind.List,
        };
        return new(new ComprehensionNode(macro.Position, macro.Kind, name, range.Node, first, second, filter, body), result);
    }
}
