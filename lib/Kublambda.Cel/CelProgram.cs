using System.Text.RegularExpressions;
using Kublambda.Cel.Evaluation;
using Kublambda.Cel.Syntax;
using Kublambda.Cel.Values;

namespace Kublambda.Cel;

/// <summary>A compiled expression. Immutable: any number of threads may evaluate it at once.</summary>
public sealed class CelProgram
{
    private readonly SourceText _source;
    private readonly CelLimits _limits;
    private readonly Node _root;
    private readonly IReadOnlyList<string> _names;
    private readonly int _localSlots;
    private readonly IReadOnlyDictionary<string, Regex> _patterns;

    private CelProgram(SourceText source, CelLimits limits, Planner planner, Planned root)
    {
        _source = source;
        _limits = limits;
        _root = root.Node;
        _names = planner.Names.Names;
        _localSlots = planner.LocalSlots;
        _patterns = planner.Patterns;
        ResultKind = root.Kind;
    }

    /// <summary>The text it was compiled from.</summary>
    public string Source => _source.Text;

    /// <summary>What the result will be, as far as that is known before evaluation; <see cref="CelKind.Dyn"/> when it is not.</summary>
    public CelKind ResultKind { get; }

    /// <summary>Parses and checks: unknown names and functions, wrong numbers of arguments and types that cannot fit are found here.</summary>
    /// <param name="expression">The text.</param>
    /// <param name="environment">The variables, functions and limits it may use.</param>
    /// <param name="result">What it must give; an expression that is known to give something else is refused.</param>
    /// <exception cref="CelException">Of kind <see cref="CelErrorKind.Syntax"/>, <see cref="CelErrorKind.Check"/> or <see cref="CelErrorKind.Limit"/>.</exception>
    public static CelProgram Compile(string expression, CelEnvironment environment, CelKind result = CelKind.Dyn)
    {
        var source = new SourceText(expression);
        var planner = new Planner(source, environment, isChecked: true);
        var (root, position) = Plan(source, environment, planner);
        if (result != CelKind.Dyn && root.Kind != CelKind.Dyn && root.Kind != result)
            planner.Issues.Add(source.Issue($"the expression gives {KindNames.Short(root.Kind)}, not {KindNames.Short(result)}", position));
        if (planner.Issues.Count > 0) throw new CelException(CelErrorKind.Check, [.. planner.Issues.OrderBy(issue => (issue.Line, issue.Column))]);
        return new CelProgram(source, environment.Limits, planner, root);
    }

    /// <summary>Parses without checking: variables need not be declared, and what is unknown or does not fit fails only when it is evaluated.</summary>
    /// <exception cref="CelException">Of kind <see cref="CelErrorKind.Syntax"/> or <see cref="CelErrorKind.Limit"/>.</exception>
    public static CelProgram CompileUnchecked(string expression, CelEnvironment environment)
    {
        var source = new SourceText(expression);
        var planner = new Planner(source, environment, isChecked: false);
        return new CelProgram(source, environment.Limits, planner, Plan(source, environment, planner).Root);
    }

    /// <param name="variables">Values by name; see <see cref="CelValue.From"/> for what they may be. Wrap a value with it once to share its conversion between evaluations.</param>
    /// <param name="cancellationToken">Looked at every thousand steps.</param>
    /// <exception cref="CelException">Of kind <see cref="CelErrorKind.Evaluation"/> or <see cref="CelErrorKind.Limit"/>.</exception>
    /// <exception cref="ArgumentException">A variable's value has no counterpart in CEL.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public CelValue Evaluate(IReadOnlyDictionary<string, object?> variables, CancellationToken cancellationToken = default) =>
        TryEvaluate(variables, out var value, out var problem, cancellationToken) ? value : throw problem;

    /// <summary>Evaluates a condition.</summary>
    /// <exception cref="CelException">As <see cref="Evaluate"/>, and when the result is not a bool.</exception>
    public bool EvaluateCondition(IReadOnlyDictionary<string, object?> variables, CancellationToken cancellationToken = default) =>
        Evaluate(variables, cancellationToken) is var value && value is CelBool flag
            ? flag.Value
            : throw _source.Error(CelErrorKind.Evaluation, $"the expression gives {KindNames.Short(value.Kind)}, not bool", _root.Position);

    /// <summary>Evaluates without throwing for an error of the expression; for streams, where such errors may be many.</summary>
    public bool TryEvaluate(
        IReadOnlyDictionary<string, object?> variables,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out CelValue? value,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out CelException? problem,
        CancellationToken cancellationToken = default)
    {
        var context = new EvalContext(variables, _names, _localSlots, _patterns, new Budget(_limits, cancellationToken));
        (value, problem) = Run(context);
        return problem is null;
    }

    private static (Planned Root, int Position) Plan(SourceText source, CelEnvironment environment, Planner planner)
    {
        var tree = Parser.Parse(source, environment.Limits);
        try
        {
            return (planner.Plan(tree), tree.Position);
        }
        catch (InsufficientExecutionStackException)
        {
            throw source.Error(CelErrorKind.Limit, "the expression is nested too deeply", tree.Position);
        }
    }

    private (CelValue? Value, CelException? Problem) Run(EvalContext context)
    {
        try
        {
            var value = _root.Evaluate(context);
            return value is CelError error ? (null, _source.Error(CelErrorKind.Evaluation, error.Message, error.Position, error.Hint)) : (value, null);
        }
        catch (LimitReachedException limit)
        {
            return (null, _source.Error(CelErrorKind.Limit, limit.Message, context.Position));
        }
        catch (InsufficientExecutionStackException)
        {
            return (null, _source.Error(CelErrorKind.Limit, "the evaluation is nested too deeply", context.Position));
        }
    }
}
