/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stranger IMAGE: a VMM that knows nothing of vtscope, for the tests of the engine exec. It boots an ELF file as
 * small VMMs do: at its entry in long mode with a zero page (Linux's 64-bit protocol), with a command line of its own, a
 * serial port on standard output, and nothing else. Ends at HLT; 77 where there is no KVM.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEM_BYTES	(160ull << 20)
#define PAGES_AT	0x9000		/* PML4, PDPT, PD: one GiB, as Firecracker has it */
#define ZERO_PAGE_AT	0x7000
#define COMMAND_LINE_AT	0x20000
#define GDT_AT		0x500
#define FILE_MAX	(8u << 20)

static unsigned char *mem;

static void __attribute__((noreturn)) give_up(const char *what)
{
	perror(what);
	exit(1);
}

static void put(uint64_t at, uint64_t value, unsigned bytes)
{
	memcpy(mem + at, &value, bytes);
}

/* The entry, 0: this is no such file. */
static uint64_t image_load(const char *path)
{
	static unsigned char file[FILE_MAX];
	FILE *f = fopen(path, "rbe");
	size_t n = f ? fread(file, 1, sizeof(file), f) : 0;
	const Elf64_Ehdr *h = (const void *)file;
	const Elf64_Phdr *p = (const void *)(file + h->e_phoff);

	if (!f)
		give_up(path);
	fclose(f);
	if (n < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_phoff > n || h->e_phnum > 16 ||
	    h->e_phoff + h->e_phnum * sizeof(*p) > n)
		return 0;
	for (unsigned i = 0; i < h->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		if (p[i].p_offset > n || p[i].p_filesz > n - p[i].p_offset || p[i].p_paddr > MEM_BYTES ||
		    p[i].p_filesz > MEM_BYTES - p[i].p_paddr)
			return 0;
		memcpy(mem + p[i].p_paddr, file + p[i].p_offset, p[i].p_filesz);
	}
	return h->e_entry;
}

/* Documentation/arch/x86/boot.rst, "64-bit boot protocol", and zero-page.rst. */
static void zero_page_make(void)
{
	const struct { uint64_t at, bytes; uint32_t type; } map[] = {
		{ 0, 0x9fc00, 1 }, { 0x9fc00, 0x60400, 2 }, { 0x100000, MEM_BYTES - 0x100000, 1 },
	};

	put(ZERO_PAGE_AT + 0x1fe, 0xaa55, 2);
	put(ZERO_PAGE_AT + 0x202, 0x53726448, 4);
	put(ZERO_PAGE_AT + 0x210, 0xff, 1);
	put(ZERO_PAGE_AT + 0x228, COMMAND_LINE_AT, 4);
	put(ZERO_PAGE_AT + 0x1e8, 3, 1);
	for (unsigned i = 0; i < 3; i++) {
		put(ZERO_PAGE_AT + 0x2d0 + 20 * i, map[i].at, 8);
		put(ZERO_PAGE_AT + 0x2d8 + 20 * i, map[i].bytes, 8);
		put(ZERO_PAGE_AT + 0x2e0 + 20 * i, map[i].type, 4);
	}
	strcpy((char *)mem + COMMAND_LINE_AT, "console=ttyS0 reboot=k panic=1 pci=off root=/dev/vda");
}

static void processor_make(int vcpu, uint64_t entry)
{
	struct kvm_regs r = { .rip = entry, .rsi = ZERO_PAGE_AT, .rflags = 2, .rsp = 0x8ff0 };
	struct kvm_sregs s;
	struct kvm_segment code = { .limit = 0xffffffff, .selector = 0x10, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1 };
	struct kvm_segment data = { .limit = 0xffffffff, .selector = 0x18, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1 };

	put(PAGES_AT, (PAGES_AT + 0x1000) | 3, 8);
	put(PAGES_AT + 0x1000, (PAGES_AT + 0x2000) | 3, 8);
	for (uint64_t i = 0; i < 512; i++)
		put(PAGES_AT + 0x2000 + 8 * i, i << 21 | 0x83, 8);
	put(GDT_AT + 0x10, 0x00af9b000000ffff, 8);
	put(GDT_AT + 0x18, 0x00cf93000000ffff, 8);
	if (ioctl(vcpu, KVM_GET_SREGS, &s) < 0)
		give_up("KVM_GET_SREGS");
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.gdt.base = GDT_AT;
	s.gdt.limit = 0x1f;
	s.cr3 = PAGES_AT;
	s.cr4 = 0x20;
	s.cr0 = 0x80000011;
	s.efer = 0x500;
	if (ioctl(vcpu, KVM_SET_SREGS, &s) < 0 || ioctl(vcpu, KVM_SET_REGS, &r) < 0)
		give_up("KVM_SET_REGS");
}

#define CPUID_ENTRIES	100

static void cpuid_make(int kvm, int vcpu)
{
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + CPUID_ENTRIES * sizeof(c->entries[0]));

	if (!c)
		give_up("calloc");
	c->nent = CPUID_ENTRIES;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c) < 0 || ioctl(vcpu, KVM_SET_CPUID2, c) < 0)
		give_up("KVM_SET_CPUID2");
	free(c);
}

/* A 16550 as far as anybody looks who only writes; what is not there reads as all ones. */
static void port_access(uint16_t port, bool out, unsigned char *data, unsigned bytes)
{
	static unsigned char registers[8];
	unsigned at = port - 0x3f8u;

	if (at >= 8 || bytes != 1) {
		if (!out)
			memset(data, 0xff, bytes);
		return;
	}
	if (out && at == 0 && !(registers[3] & 0x80))
		putchar(*data);
	else if (out)
		registers[at] = *data;
	else
		*data = at == 5 ? 0x60 : at == 2 ? 0xc1 : registers[at];
}

static int run(int vcpu, struct kvm_run *k)
{
	for (;;) {
		if (ioctl(vcpu, KVM_RUN, 0) < 0)
			give_up("KVM_RUN");
		if (k->exit_reason == KVM_EXIT_IO) {
			for (unsigned i = 0; i < k->io.count; i++)
				port_access(k->io.port, k->io.direction == KVM_EXIT_IO_OUT,
					    (unsigned char *)k + k->io.data_offset + i * k->io.size, k->io.size);
		} else if (k->exit_reason == KVM_EXIT_MMIO) {
			memset(k->mmio.data, 0xff, sizeof(k->mmio.data));
		} else if (k->exit_reason == KVM_EXIT_HLT) {
			return fflush(stdout) ? 1 : 0;
		} else {
			fprintf(stderr, "stranger: exit reason %u\n", k->exit_reason);
			return 1;
		}
	}
}

int main(int argc, char **argv)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEM_BYTES };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0), vcpu, bytes;
	struct kvm_run *k;
	uint64_t entry;

	if (argc < 2)
		return 2;
	if (vm < 0) {
		perror("stranger: no KVM");
		return 77;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	mem = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		give_up("mmap");
	entry = image_load(argv[1]);
	if (!entry) {
		fprintf(stderr, "stranger: %s is no image\n", argv[1]);
		return 1;
	}
	zero_page_make();
	region.userspace_addr = (uintptr_t)mem;
	if (ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000) < 0)
		perror("KVM_SET_TSS_ADDR");	/* only VMX wants one */
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		give_up("KVM_SET_USER_MEMORY_REGION");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	k = vcpu < 0 || bytes < 0 ? MAP_FAILED : mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (k == MAP_FAILED)
		give_up("vcpu");
	cpuid_make(kvm, vcpu);
	processor_make(vcpu, entry);
	return run(vcpu, k);
}
