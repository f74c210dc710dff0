using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace CertHerald.Tests.Doubles;

/// <summary>Tests that start the program: one after the other, as the machine's cores are few and the program uses them all.</summary>
[CollectionDefinition(Name)]
public sealed class ProgramTests
{
    public const string Name = "The program in a process of its own";
}

/// <summary>The program as users get it: the published executable, in a process of its own, without our environment's settings.</summary>
internal sealed partial class Certherald : IAsyncDisposable
{
    /// <summary>Far beyond what anything here takes on a busy machine: a failing test must end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _output = [], _errors = [];
    private TaskCompletionSource _news = NewSignal();
    private int _open = 2;

    private Certherald(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Take(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Take(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Where <c>./certherald</c> puts it.</summary>
    public static string Path { get; } = System.IO.Path.Combine(Root(), "artifacts", "program", "certherald");

    /// <summary>Lines of standard error so far.</summary>
    public IReadOnlyList<string> Errors
    {
        get { lock (_lock) return [.. _errors]; }
    }

    public IReadOnlyList<string> Output
    {
        get { lock (_lock) return [.. _output]; }
    }

    /// <summary>Bytes that it held at most.</summary>
    public long PeakMemory
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>Begins it and leaves it running.</summary>
    public static Certherald Start(params IEnumerable<string> arguments) => new(Describe(arguments, null, null));

    /// <summary>Begins another program the same way.</summary>
    public static Certherald StartOther(string program, params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = Describe(arguments, null, null);
        start.FileName = program;
        return new Certherald(start);
    }

    /// <summary>Runs it to its end.</summary>
    public static Task<Ended> RunAsync(params IEnumerable<string> arguments) => RunAsync(arguments, input: null);

    /// <summary>Runs it to its end, with this on its standard input.</summary>
    public static async Task<Ended> RunAsync(
        IEnumerable<string> arguments, byte[]? input, IReadOnlyDictionary<string, string>? environment = null, string? directory = null)
    {
        ProcessStartInfo start = Describe(arguments, environment, directory);
        start.RedirectStandardInput = true;
        using var process = Process.Start(start)!;
        using CancellationTokenSource limit = Limit();
        try
        {
            using var output = new MemoryStream();
            using var errors = new MemoryStream();
            Task reading = Task.WhenAll(process.StandardOutput.BaseStream.CopyToAsync(output, limit.Token), process.StandardError.BaseStream.CopyToAsync(errors, limit.Token));
            await process.StandardInput.BaseStream.WriteAsync(input ?? [], limit.Token);
            process.StandardInput.Close();
            await reading;
            await process.WaitForExitAsync(limit.Token);
            return new Ended(process.ExitCode, output.ToArray(), errors.ToArray());
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The first line of standard error like this, from the beginning.</summary>
    public Task<string> ErrorLineAsync(Func<string, bool> wanted) => LineAsync(_errors, wanted);

    /// <summary>The first line of standard output like this, from the beginning.</summary>
    public Task<string> OutputLineAsync(Func<string, bool> wanted) => LineAsync(_output, wanted);

    /// <summary>As a shell's kill does.</summary>
    public void Signal(PosixSignal signal) => _ = Kill(_process.Id, signal switch { PosixSignal.SIGHUP => 1, PosixSignal.SIGINT => 2, PosixSignal.SIGTERM => 15, _ => throw new ArgumentOutOfRangeException(nameof(signal)) });

    /// <summary>Kills it as <c>kill -9</c> does; when this returns it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await ExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<int> ExitAsync()
    {
        using CancellationTokenSource limit = Limit();
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Asks it to end, as a service manager does, and waits.</summary>
    public Task<int> StopAsync(PosixSignal signal = PosixSignal.SIGTERM)
    {
        Signal(signal);
        return ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);

    private static ProcessStartInfo Describe(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, string? directory)
    {
        Assert.True(File.Exists(Path), $"{Path} is missing: build it first with ./certherald version");
        var start = new ProcessStartInfo(Path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? System.IO.Path.GetTempPath(),
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("CERTHERALD__", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return start;
    }

    private async Task<string> LineAsync(List<string> lines, Func<string, bool> wanted)
    {
        using CancellationTokenSource limit = Limit();
        int seen = 0;
        while (true)
        {
            Task news;
            lock (_lock)
            {
                for (; seen < lines.Count; seen++)
                    if (wanted(lines[seen]))
                        return lines[seen];
                Assert.True(_open > 0, $"it ended without the line that was waited for; it said\n{string.Join('\n', [.. _output, .. _errors])}");
                news = _news.Task;
            }
            try
            {
                await news.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                Assert.Fail($"the line that was waited for did not come; it said\n{string.Join('\n', [.. Output, .. Errors])}");
            }
        }
    }

    private void Take(List<string> lines, string? line)
    {
        TaskCompletionSource before;
        lock (_lock)
        {
            if (line is null) _open--;
            else lines.Add(line);
            (before, _news) = (_news, NewSignal());
        }
        before.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        return limit;
    }

    private static string Root()
    {
        DirectoryInfo at = new(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(at.FullName, "CertHerald.slnx"))) at = at.Parent!;
        return at.FullName;
    }
}

/// <summary>What a program left behind.</summary>
internal sealed record Ended(int Code, byte[] OutputBytes, byte[] ErrorBytes)
{
    public string Output { get; } = Encoding.UTF8.GetString(OutputBytes);

    public string Errors { get; } = Encoding.UTF8.GetString(ErrorBytes);

    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>JSON Lines, each parsed.</summary>
    public IReadOnlyList<JsonElement> Objects => [.. Lines.Select(line => JsonElement.Parse(line))];

    /// <summary>Fails, showing what was said, unless it ended so.</summary>
    public Ended With(int code)
    {
        Assert.True(Code == code, $"exit code {Code} instead of {code}; it said\n{Output[..Math.Min(Output.Length, 4000)]}\n{Errors}");
        return this;
    }
}
