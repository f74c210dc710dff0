using System.Collections;
using System.Net.Sockets;
using System.Text;
using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Cli;

/// <summary>What systemd is told, over a real socket as it has one.</summary>
public sealed class SystemdNoticeTests : IDisposable
{
    private readonly Scratch _folder = new();
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public SystemdNoticeTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is of Linux");

    public void Dispose()
    {
        _systemd.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_service_says_when_it_answers_and_when_it_begins_to_stop()
    {
        Hashtable environment = Listen(_folder.PathOf("notify"));
        using var stopping = new CancellationTokenSource();
        string file = _folder.Write("certherald.json", $$"""{ "listen": "http://127.0.0.1:0", "data": "{{_folder.PathOf("data")}}", "logs": { "lists": [] } }""");

        Task<int> running = RunCommand.RunAsync(() => Configuration.Read(file, new CommandLineOverrides(), new Hashtable()), stopping.Token, environment);

        Assert.Matches(@"^READY=1\nSTATUS=answers on http://127\.0\.0\.1:\d+/$", await HearAsync());
        await stopping.CancelAsync();
        Assert.Equal("STOPPING=1", await HearAsync());
        Assert.Equal(CommandLine.Done, await running);
    }

    [Fact]
    public async Task A_socket_without_a_file_is_told_too()
    {
        using var manager = new SystemdNotice(Listen("@certherald-test-" + Guid.NewGuid().ToString("N")), TimeProvider.System);
        manager.Ready("well");
        Assert.Equal("READY=1\nSTATUS=well", await HearAsync());
    }

    [Fact]
    public async Task Signs_of_life_come_twice_in_the_time_that_systemd_waits_for_one()
    {
        var time = new ManualTime();
        Hashtable environment = Listen(_folder.PathOf("notify"));
        environment["WATCHDOG_USEC"] = "60000000";
        environment["WATCHDOG_PID"] = Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        using var manager = new SystemdNotice(environment, time);

        Assert.Equal(TimeSpan.FromSeconds(30), time.UntilNextTimer);
        time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(["WATCHDOG=1", "WATCHDOG=1"], [await HearAsync(), await HearAsync()]);
    }

    [Theory]
    [InlineData("WATCHDOG_PID", "1")]
    [InlineData("WATCHDOG_USEC", "soon")]
    [InlineData("WATCHDOG_USEC", "0")]
    public void Without_a_watchdog_of_its_own_it_gives_no_signs_of_life(string name, string value)
    {
        var time = new ManualTime();
        Hashtable environment = Listen(_folder.PathOf("notify"));
        environment["WATCHDOG_USEC"] = "60000000";
        environment[name] = value;
        using var manager = new SystemdNotice(environment, time);

        Assert.Null(time.UntilNextTimer);
    }

    [Theory]
    [InlineData("")]
    [InlineData("notify")]
    [InlineData("/nowhere/at/all")]
    [InlineData("vsock:2:1234")]
    public void Where_nobody_can_be_told_nothing_happens(string path)
    {
        using var manager = new SystemdNotice(new Hashtable { ["NOTIFY_SOCKET"] = path }, TimeProvider.System);
        manager.Ready("well");
        manager.Stopping();
    }

    private Hashtable Listen(string path)
    {
        _systemd.Bind(new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
        return new Hashtable { ["NOTIFY_SOCKET"] = path };
    }

    private async Task<string> HearAsync()
    {
        byte[] heard = new byte[1024];
        return Encoding.UTF8.GetString(heard, 0, await _systemd.ReceiveAsync(heard, TestContext.Current.CancellationToken));
    }
}
